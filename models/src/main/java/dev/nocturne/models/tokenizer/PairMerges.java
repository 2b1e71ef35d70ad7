package dev.nocturne.models.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** The merges of byte-pair encoding, by rank: which two tokens become which. */
final class PairMerges {
    /** What a pair merges to; lower ranks merge earlier. */
    private record Merge(int rank, int token) {}

    private final Map<Long, Merge> merges = new HashMap<>();

    /**
     * Merges in the spelling of their tokens.
     *
     * @param merges {@code "left right"}, by rank
     * @throws IllegalArgumentException if a merge is not of two tokens to a third
     */
    static PairMerges of(Map<String, Integer> vocabulary, List<String> merges) {
        PairMerges pairs = new PairMerges();
        for (String merge : merges) {
            int space = merge.indexOf(' ');
            Integer left = vocabulary.get(merge.substring(0, Math.max(space, 0)));
            Integer right = vocabulary.get(merge.substring(space + 1));
            Integer token = vocabulary.get(merge.replace(" ", ""));
            if (left == null || right == null || token == null) {
                throw new IllegalArgumentException(
                        "the merge '%s' is not of two tokens to a third".formatted(merge));
            }
            pairs.add(left, right, token);
        }
        return pairs;
    }

    /** Two adjacent tokens as one number. */
    static long pair(int left, int right) {
        return (long) left << Integer.SIZE | right;
    }

    /** Adds the merge of the next rank. */
    void add(int left, int right, int token) {
        merges.putIfAbsent(pair(left, right), new Merge(merges.size(), token));
    }

    /**
     * Merges the earliest pair, the leftmost first, until there is none.
     *
     * @param tokens of a word; overwritten
     * @param keep is asked for every possible merge
     */
    IntStream merge(int[] tokens, BooleanSupplier keep) {
        int length = tokens.length;
        while (true) {
            Merge earliest = null;
            int at = -1;
            for (int i = 0; i + 1 < length; i++) {
                Merge merge = merges.get(pair(tokens[i], tokens[i + 1]));
                if (merge != null
                        && keep.getAsBoolean()
                        && (earliest == null || merge.rank < earliest.rank)) {
                    earliest = merge;
                    at = i;
                }
            }
            if (earliest == null) {
                return Arrays.stream(tokens, 0, length);
            }
            tokens[at] = earliest.token;
            System.arraycopy(tokens, at + 2, tokens, at + 1, length - at - 2);
            length--;
        }
    }
}
