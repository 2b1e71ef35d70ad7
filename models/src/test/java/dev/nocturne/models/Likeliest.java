package dev.nocturne.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** Compares the tokens that two computations hold to be the likeliest. */
public final class Likeliest {
    private static final int K = 5;

    private Likeliest() {}

    /**
     * The five likeliest tokens of every position are the same set, whatever their order. Where the
     * fifth and the sixth are nearer than the tolerance, either may be in it.
     *
     * @param actual {@code [positions, codes]}
     * @param expected the same
     * @param tolerance of a logit
     */
    public static void assertSame(float[] actual, float[] expected, int codes, double tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        int certain = 0;
        for (int from = 0; from < expected.length; from += codes) {
            List<Integer> ranking = ranking(expected, from, codes);
            double fifth = expected[from + ranking.get(K - 1)];
            Set<Integer> found = new HashSet<>(ranking(actual, from, codes).subList(0, K));
            int start = from;
            assertThat(found)
                    .as("position %d", from / codes)
                    .allMatch(token -> expected[start + token] >= fifth - tolerance);
            if (fifth - expected[from + ranking.get(K)] > tolerance) {
                assertThat(found).containsExactlyInAnyOrderElementsOf(ranking.subList(0, K));
                certain++;
            }
        }
        // else the tolerance would excuse everything
        assertThat(certain).isGreaterThan(expected.length / codes / 2);
    }

    private static List<Integer> ranking(float[] logits, int from, int codes) {
        return IntStream.range(0, codes)
                .boxed()
                .sorted(Comparator.comparingDouble(token -> -logits[from + token]))
                .toList();
    }
}
