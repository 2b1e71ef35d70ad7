package dev.nocturne.models;

/**
 * One picture to draw.
 *
 * @param textTokens the caption's tokens, without padding
 * @param seed decides, with the rest, every token drawn; see {@link CandidateSeeds}
 * @param primedTokens the first image tokens in raster order, given instead of drawn; may be empty
 */
public record Candidate(int[] textTokens, long seed, Sampling sampling, int[] primedTokens) {}
