package dev.nocturne.models.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Learns the merges of a {@link BpeTokenizer}: the most frequent pair of adjacent tokens becomes a
 * token, again and again (Sennrich et al. 2016). Of equally frequent pairs, the one first in
 * lexicographic order of its left, then its right spelling wins, so equal captions give equal
 * tokenizers.
 */
public final class BpeTrainer {

    /** A word of the captions as tokens, and how often it occurs. */
    private static final class Word {
        private int[] tokens;
        private final long count;

        private Word(int[] tokens, long count) {
            this.tokens = tokens;
            this.count = count;
        }
    }

    /** Two adjacent tokens, how often they occur, and the words that have, or had, them. */
    private static final class Pair {
        private final int left;
        private final int right;
        private long count;
        private final Set<Word> words = new HashSet<>();

        private Pair(int left, int right) {
            this.left = left;
            this.right = right;
        }
    }

    /** A pair with its count at the time of queueing; counts of queued pairs only fall. */
    private record Queued(Pair pair, long count) {}

    /** The spelling of each token. */
    private final List<String> vocabulary = BpeTokenizer.byteVocabulary();

    private final Set<String> spellings = new HashSet<>(vocabulary);
    private final List<String> merges = new ArrayList<>();
    private final Map<Long, Pair> pairs = new HashMap<>();
    private final PriorityQueue<Queued> queue =
            new PriorityQueue<>(
                    Comparator.comparingLong(Queued::count)
                            .reversed()
                            .thenComparing(queued -> vocabulary.get(queued.pair().left))
                            .thenComparing(queued -> vocabulary.get(queued.pair().right)));

    private BpeTrainer() {}

    /**
     * Learns from captions.
     *
     * @param vocabularySize at least 512, the bytes; the tokenizer has fewer tokens if no pair that
     *     is left occurs twice
     * @param contextLength the most tokens a caption may have; longer ones are learnt from, too
     */
    public static BpeTokenizer train(
            Iterable<String> captions, int vocabularySize, int contextLength) {
        BpeTrainer trainer = new BpeTrainer();
        if (vocabularySize < trainer.vocabulary.size()) {
            throw new IllegalArgumentException(
                    "vocabularySize is %d: choose at least %d"
                            .formatted(vocabularySize, trainer.vocabulary.size()));
        }
        trainer.count(captions);
        trainer.learn(vocabularySize);
        return new BpeTokenizer(trainer.merges, contextLength);
    }

    private void count(Iterable<String> captions) {
        Map<String, Long> counts = new HashMap<>();
        for (String caption : captions) {
            BpeTokenizer.words(caption, CaptionCleaning.FTFY)
                    .forEach(word -> counts.merge(word, 1L, Long::sum));
        }
        counts.forEach((word, count) -> count(new Word(BpeTokenizer.byteTokens(word), count), 1));
        pairs.values().forEach(pair -> queue.add(new Queued(pair, pair.count)));
    }

    /** Merges until the vocabulary is full or no pair occurs twice. */
    private void learn(int vocabularySize) {
        while (vocabulary.size() < vocabularySize && !queue.isEmpty()) {
            Queued best = queue.remove();
            Pair pair = best.pair();
            if (pair.count < 2) {
                continue;
            }
            if (pair.count < best.count()) {
                queue.add(new Queued(pair, pair.count));
                continue;
            }
            String left = vocabulary.get(pair.left);
            String right = vocabulary.get(pair.right);
            // a spelling stands for one token: the second way to it stays unmerged
            if (spellings.add(left + right)) {
                merges.add(left + " " + right);
                vocabulary.add(left + right);
                merge(pair, vocabulary.size() - 1);
            }
        }
    }

    /** Replaces a pair by its token in all words, and queues the pairs that this makes. */
    private void merge(Pair pair, int token) {
        Set<Pair> made = new HashSet<>();
        for (Word word : pair.words) {
            count(word, -1);
            word.tokens = merged(word.tokens, pair, token);
            for (Pair now : count(word, 1)) {
                if (now.left == token || now.right == token) {
                    made.add(now);
                }
            }
        }
        made.forEach(now -> queue.add(new Queued(now, now.count)));
    }

    /** Counts a word's pairs in (sign 1) or out (sign -1), and returns them. */
    private List<Pair> count(Word word, int sign) {
        List<Pair> counted = new ArrayList<>();
        for (int i = 0; i + 1 < word.tokens.length; i++) {
            int left = word.tokens[i];
            int right = word.tokens[i + 1];
            Pair pair =
                    pairs.computeIfAbsent(
                            PairMerges.pair(left, right), key -> new Pair(left, right));
            pair.count += sign * word.count;
            pair.words.add(word);
            counted.add(pair);
        }
        return counted;
    }

    private static int[] merged(int[] tokens, Pair pair, int token) {
        int[] merged = new int[tokens.length];
        int length = 0;
        for (int i = 0; i < tokens.length; i++) {
            if (i + 1 < tokens.length && tokens[i] == pair.left && tokens[i + 1] == pair.right) {
                merged[length++] = token;
                i++;
            } else {
                merged[length++] = tokens[i];
            }
        }
        return Arrays.copyOf(merged, length);
    }
}
