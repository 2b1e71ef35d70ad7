package dev.nocturne.models;

/**
 * How the next image token is drawn from its logits. The paper draws with (1, 0, 1).
 *
 * @param temperature divides the logits; above 0, at most 10
 * @param topK draws from this many likeliest tokens only; 0 = off
 * @param topP draws from the fewest likeliest tokens of this total probability only; above 0, 1 =
 *     off
 */
public record Sampling(double temperature, int topK, double topP) {

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
    }
}
