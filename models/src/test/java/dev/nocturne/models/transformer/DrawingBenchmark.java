package dev.nocturne.models.transformer;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * How fast the shipped model draws with its own weights, as it is shipped or as {@code
 * -Dtest.plain} says: {@code mvn -pl models -am test -Dtest=DrawingBenchmark
 * -Dsurefire.failIfNoSpecifiedTests=false -Dtest.batches=1,4,32}. No test, and not in CI. It needs
 * nothing that older versions lack, so that it can be put beside them.
 */
public class DrawingBenchmark {
    private static final String[] CAPTIONS = {
        "a red apple", "a yellow star above a house", "a cat face", "a slice of pizza"
    };
    private static final int CANDIDATES = 16;

    /** So that everything that is tried out or compiled at first is done. */
    private static final int WARM_UP = 12;

    public static void main(String[] arguments) throws IOException {
        new DrawingBenchmark().run();
    }

    @Test
    void run() throws IOException {
        ModelBundle bundle =
                ModelBundle.open(Path.of(System.getProperty("test.model", "../model-zoo/default")));
        int runs = Integer.getInteger("test.runs", 9);
        for (String size : System.getProperty("test.batches", "1,4,8,16,32,64").split(",")) {
            int batch = Integer.parseInt(size);
            List<Candidate> candidates = candidates(bundle, batch);
            List<Double> seconds = new ArrayList<>();
            try (GridGenerator generator = bundle.generator(batch)) {
                for (int i = 0; i < WARM_UP + runs; i++) {
                    long began = System.nanoTime();
                    generator.draw(candidates, () -> true);
                    if (i >= WARM_UP) {
                        seconds.add((System.nanoTime() - began) / 1e9);
                    }
                }
            }
            Collections.sort(seconds);
            double median = seconds.get(runs / 2);
            System.out.printf(
                    "batch %2d  %7.1f ms  %7.2f pictures/s  (%.1f to %.1f ms)%n",
                    batch,
                    1e3 * median,
                    batch / median,
                    1e3 * seconds.get(0),
                    1e3 * seconds.get(runs - 1));
        }
    }

    private static List<Candidate> candidates(ModelBundle bundle, int batch) throws IOException {
        CaptionTokenizer tokenizer = bundle.tokenizer();
        Sampling sampling =
                Boolean.getBoolean("test.plain")
                        ? Sampling.PLAIN
                        : bundle.sampling(null, 0, 1, null);
        List<int[]> texts = Arrays.stream(CAPTIONS).map(tokenizer::encode).toList();
        return IntStream.range(0, batch)
                .mapToObj(
                        i ->
                                new Candidate(
                                        texts.get(i / CANDIDATES % CAPTIONS.length),
                                        CandidateSeeds.seed(7, i),
                                        sampling,
                                        new int[0]))
                .toList();
    }
}
