package dev.nocturne.models.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/**
 * Compares the tokens of as many captions as caption_goldens.py wrote, and says what repair takes.
 */
class CaptionTextStudy {

    private static final double LEAST_SHARE = 0.998;

    @Test
    void tokensAreThoseOfTheLibraries() throws IOException {
        Path folder = Path.of(System.getProperty("test.captions"));
        List<String> merges = Files.readAllLines(folder.resolve("merges.txt"));
        BpeTokenizer tokenizer = new BpeTokenizer(merges, Integer.MAX_VALUE);
        JsonNode goldens = new ObjectMapper().readTree(folder.resolve("captions.json").toFile());
        int unlike = unlike(tokenizer, goldens, "ftfy");
        int others = unlike(tokenizer.with(CaptionCleaning.TRANSFORMERS), goldens, "transformers");
        System.out.printf(
                "%,d captions; unlike with ftfy %d, with transformers %d; repaired in %.1f us%n",
                goldens.size(), unlike, others, micros(goldens));
        assertThat(1 - (double) unlike / goldens.size()).isGreaterThanOrEqualTo(LEAST_SHARE);
        assertThat(others).isZero();
    }

    private static int unlike(BpeTokenizer tokenizer, JsonNode goldens, String library) {
        int unlike = 0;
        for (JsonNode golden : goldens) {
            int[] tokens =
                    StreamSupport.stream(golden.path(library).spliterator(), false)
                            .mapToInt(JsonNode::intValue)
                            .toArray();
            int[] ours = tokenizer.encode(golden.path("caption").textValue());
            if (golden.path(library).isArray() && !Arrays.equals(ours, tokens)) {
                unlike++;
                System.out.printf("%s: %s%n", library, golden.path("caption"));
                assertThat(golden.path("misread").booleanValue()).isTrue();
            }
        }
        return unlike;
    }

    /** Microseconds for a caption, when Java has compiled what repairs it. */
    private static double micros(JsonNode goldens) {
        double micros = 0;
        for (int round = 0; round < 10; round++) {
            long start = System.nanoTime();
            for (JsonNode golden : goldens) {
                CaptionText.repair(golden.path("caption").textValue());
            }
            micros = (System.nanoTime() - start) / 1e3 / goldens.size();
        }
        return micros;
    }
}
