package dev.nocturne.models.transformer;

/**
 * How the next image token is drawn from its logits.
 *
 * @param temperature divides the logits; above 0, at most 10
 * @param topK draws from this many likeliest tokens only; 0 = off
 * @param topP draws from the fewest likeliest tokens of this total probability only; above 0, 1 =
 *     off
 * @param guidance how far the logits are pushed from those without a caption towards and beyond
 *     those with it (Ho & Salimans 2022); at least 1 = off
 */
public record Sampling(double temperature, int topK, double topP, double guidance) {
    /** As the paper draws. */
    public static final Sampling PLAIN = new Sampling(1, 0, 1, 1);

    public Sampling {
        if (!(temperature > 0 && temperature <= 10)) {
            throw new IllegalArgumentException(
                    "temperature is %s: choose above 0, at most 10".formatted(temperature));
        }
        if (topK < 0) {
            throw new IllegalArgumentException(
                    "topK is %d: choose at least 1, or 0 for no limit".formatted(topK));
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException(
                    "topP is %s: choose above 0, below 1, or 1 for no limit".formatted(topP));
        }
        if (!(guidance >= 1 && guidance <= 100)) {
            throw new IllegalArgumentException(
                    "guidance is %s: choose 1 (off) to 100".formatted(guidance));
        }
    }

    /**
     * What is asked for, and this where nothing is.
     *
     * @param temperature null: this one's
     * @param guidance null: this one's
     */
    public Sampling with(Double temperature, int topK, double topP, Double guidance) {
        return new Sampling(
                temperature == null ? this.temperature : temperature,
                topK,
                topP,
                guidance == null ? this.guidance : guidance);
    }

    /** This one with another guidance; 1: off. */
    public Sampling withGuidance(double other) {
        return new Sampling(temperature, topK, topP, other);
    }
}
