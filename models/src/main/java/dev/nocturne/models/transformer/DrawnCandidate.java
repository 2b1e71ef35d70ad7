package dev.nocturne.models.transformer;

import dev.nocturne.models.picture.TokenGrid;

/**
 * A drawn picture.
 *
 * @param logProbability natural logarithm of the probability of its drawn tokens given the caption,
 *     whatever temperature, cut or guidance they were drawn with
 */
public record DrawnCandidate(TokenGrid grid, double logProbability) {}
