package dev.nocturne.models.transformer;

import dev.nocturne.models.picture.PrimedTokens;

/**
 * One picture to draw.
 *
 * @param textTokens the caption's tokens, without padding; at most {@link
 *     TransformerFamily#textLength}
 * @param seed decides, with the rest, every token drawn; see {@link CandidateSeeds}
 * @param primedTokens image tokens given instead of drawn, see {@link PrimedTokens}; may end early
 */
public record Candidate(int[] textTokens, long seed, Sampling sampling, int[] primedTokens) {}
