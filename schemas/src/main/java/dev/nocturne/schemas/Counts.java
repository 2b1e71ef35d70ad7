package dev.nocturne.schemas;

import dev.nocturne.events.DrawingOptions;

/**
 * How many candidates are drawn and how many of them are kept. What was given stands; a default
 * gives way to it, or a caption would be refused for a number that nobody sent.
 */
public record Counts(int candidates, int top) {

    public static final int DEFAULT_CANDIDATES = defaultOf("candidates");
    public static final int DEFAULT_TOP = defaultOf("top");

    /**
     * @param candidates null if it was not given
     * @param top null if it was not given
     * @param defaultTop where both allow it
     */
    public static Counts of(Integer candidates, Integer top, int defaultTop) {
        if (candidates == null) {
            // beyond the limit it is top that is refused
            int wanted = top == null ? defaultTop : Math.min(top, Limits.MAX_TOP);
            candidates = Math.max(DEFAULT_CANDIDATES, wanted);
        }
        return new Counts(
                candidates, top == null ? Math.max(1, Math.min(defaultTop, candidates)) : top);
    }

    /** Of a record, which cannot tell a default that was left from one that was given. */
    public static Counts of(DrawingOptions options) {
        int candidates = options.getCandidates();
        int top = options.getTop();
        return of(
                candidates == DEFAULT_CANDIDATES ? null : candidates,
                top == DEFAULT_TOP ? null : top,
                DEFAULT_TOP);
    }

    private static int defaultOf(String field) {
        return (int) DrawingOptions.getClassSchema().getField(field).defaultVal();
    }
}
