package dev.nocturne.models.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BpeTrainerTest {

    @Test
    void mergesTheMostFrequentPairFirst() {
        // Sennrich et al. 2016, section 3.2: low 5, lower 2, newest 6, widest 3
        List<String> captions = new ArrayList<>();
        captions.addAll(Collections.nCopies(5, "low"));
        captions.addAll(Collections.nCopies(2, "lower"));
        captions.addAll(Collections.nCopies(6, "newest"));
        captions.addAll(Collections.nCopies(3, "widest"));

        BpeTokenizer tokenizer = BpeTrainer.train(captions, 512 + 6, 16);

        // "e s" and "s t</w>" occur nine times each, "e w" and "n e" six: the first in order wins
        assertThat(tokenizer.merges())
                .containsExactly("e s", "es t</w>", "l o", "e w", "ew est</w>", "n ewest</w>");
    }

    @Test
    void agreesWithCountingEverythingAnew() {
        Random random = new Random(7);
        List<String> captions = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            StringBuilder caption = new StringBuilder();
            for (int letter = 0; letter < 40; letter++) {
                caption.append("aaab bcc ".charAt(random.nextInt(9)));
            }
            captions.add(caption.toString());
        }

        assertThat(BpeTrainer.train(captions, 512 + 150, 64).merges())
                .isEqualTo(mergesByRecounting(captions, 150));
    }

    @Test
    void doesNotDependOnTheOrderOfCaptions() {
        List<String> captions = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            captions.add("a %s cat and %s dogs".formatted(Integer.toString(i * i, 36), i));
        }
        List<String> merges = BpeTrainer.train(captions, 700, 64).merges();

        Collections.shuffle(captions, new Random(3));

        assertThat(BpeTrainer.train(captions, 700, 64).merges()).isEqualTo(merges);
    }

    @Test
    void stopsWhenNoPairOccursTwice() {
        assertThat(BpeTrainer.train(List.of("ab", "ab", "cd"), 1000, 8).vocabularySize())
                .isEqualTo(513);
        assertThat(BpeTrainer.train(List.of(), 1000, 8).vocabularySize()).isEqualTo(512);
    }

    @Test
    void refusesAVocabularyWithoutRoomForBytes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BpeTrainer.train(List.of("a"), 511, 8))
                .withMessage("vocabularySize is 511: choose at least 512");
    }

    /** The naive control: count all pairs of all words again before each merge. */
    private static List<String> mergesByRecounting(List<String> captions, int count) {
        List<String> vocabulary = BpeTokenizer.byteVocabulary();
        List<List<String>> words = new ArrayList<>();
        for (String caption : captions) {
            for (String word : BpeTokenizer.words(caption, CaptionCleaning.FTFY)) {
                List<String> spellings = new ArrayList<>();
                for (int token : BpeTokenizer.byteTokens(word)) {
                    spellings.add(vocabulary.get(token));
                }
                words.add(spellings);
            }
        }
        List<String> merges = new ArrayList<>();
        while (merges.size() < count) {
            Map<List<String>, Integer> counts = new HashMap<>();
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    counts.merge(List.of(word.get(i), word.get(i + 1)), 1, Integer::sum);
                }
            }
            List<String> best = null;
            for (Map.Entry<List<String>, Integer> entry : counts.entrySet()) {
                List<String> pair = entry.getKey();
                if (vocabulary.contains(pair.get(0) + pair.get(1)) || entry.getValue() < 2) {
                    continue;
                }
                if (best == null
                        || entry.getValue() > counts.get(best)
                        || entry.getValue().equals(counts.get(best)) && before(pair, best)) {
                    best = pair;
                }
            }
            if (best == null) {
                return merges;
            }
            String spelling = best.get(0) + best.get(1);
            merges.add(best.get(0) + " " + best.get(1));
            vocabulary.add(spelling);
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    if (word.get(i).equals(best.get(0)) && word.get(i + 1).equals(best.get(1))) {
                        word.set(i, spelling);
                        word.remove(i + 1);
                    }
                }
            }
        }
        return merges;
    }

    private static boolean before(List<String> pair, List<String> other) {
        int left = pair.get(0).compareTo(other.get(0));
        return left < 0 || left == 0 && pair.get(1).compareTo(other.get(1)) < 0;
    }
}
