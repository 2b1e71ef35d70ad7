package dev.nocturne.models;

/**
 * A drawn picture.
 *
 * @param logProbability natural logarithm of the probability of its drawn tokens given the caption
 */
public record DrawnCandidate(TokenGrid grid, double logProbability) {}
