package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Machine;
import dev.nocturne.models.program.Precision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * With the shipped model, whose tokens can be guessed. {@code -Dtest.seeds=200} draws more of them.
 */
class SpeculativeDecodingTest {
    private static final Path MODEL = Path.of("../model-zoo/default");
    private static final int SEEDS = Integer.getInteger("test.seeds", 16);
    private static final int BATCH = 16;
    private static final String[] CAPTIONS = {
        "a red apple", "a yellow star above a house", "cat", "a slice of pizza on a plate"
    };

    /** How candidates may be asked for. */
    enum Asked {
        AS_SHIPPED(new Sampling(0.4, 0, 1, 1.5)),
        PLAIN(Sampling.PLAIN),
        TOP_K(new Sampling(1, 64, 1, 1)),
        TOP_P(new Sampling(1, 0, 0.9, 3)),
        COMPLETED(new Sampling(0.4, 0, 1, 1.5)) {
            @Override
            int[] primed(int seed) {
                int[] top = new int[40];
                Arrays.setAll(top, i -> i % 5 == 3 ? PrimedTokens.DRAWN : (i * 37 + seed) % 1024);
                return top;
            }
        };

        private final Sampling sampling;

        Asked(Sampling sampling) {
            this.sampling = sampling;
        }

        int[] primed(int seed) {
            return PrimedTokens.NONE;
        }
    }

    @ParameterizedTest
    @EnumSource
    void everySpanDrawsTheTokensOfOneByOne(Asked asked) throws IOException {
        assertEverySpanDrawsAlike(asked, Precision.FLOAT32);
    }

    @Test
    void onThisKindOfProcessorAlsoInBfloat16() throws IOException {
        assumeThat(Precision.best()).isEqualTo(Precision.BFLOAT16);
        assumeThat(Machine.hasGpu()).isFalse();
        assertEverySpanDrawsAlike(Asked.AS_SHIPPED, Precision.BFLOAT16);
    }

    private static void assertEverySpanDrawsAlike(Asked asked, Precision precision)
            throws IOException {
        List<DrawnCandidate> oneByOne = draw(1, asked, precision);
        for (int span : new int[] {3, 8, 16}) {
            List<DrawnCandidate> ahead = draw(span, asked, precision);
            for (int i = 0; i < SEEDS; i++) {
                assertThat(ahead.get(i).grid()).as("seed " + i).isEqualTo(oneByOne.get(i).grid());
                assertThat(ahead.get(i).logProbability())
                        .isCloseTo(oneByOne.get(i).logProbability(), within(1e-9));
            }
        }
    }

    private static List<DrawnCandidate> draw(int span, Asked asked, Precision precision)
            throws IOException {
        ModelBundle bundle = ModelBundle.open(MODEL);
        List<Candidate> candidates =
                IntStream.range(0, SEEDS)
                        .mapToObj(
                                seed -> candidate(bundle, seed, asked.sampling, asked.primed(seed)))
                        .toList();
        try (GridGenerator generator = generator(bundle, span, precision)) {
            return IntStream.range(0, (SEEDS + BATCH - 1) / BATCH)
                    .mapToObj(i -> candidates.subList(i * BATCH, Math.min(SEEDS, (i + 1) * BATCH)))
                    .flatMap(batch -> generator.draw(batch, () -> true).stream())
                    .toList();
        }
    }

    private static GridGenerator generator(ModelBundle bundle, int span, Precision precision)
            throws IOException {
        try (Safetensors weights = Safetensors.open(MODEL.resolve("transformer.safetensors"))) {
            return new GridGenerator(
                    weights.tensors(),
                    bundle.transformerArchitecture(),
                    BATCH,
                    precision,
                    Spans.of(span));
        }
    }

    private static Candidate candidate(
            ModelBundle bundle, int seed, Sampling sampling, int[] primed) {
        try {
            return new Candidate(
                    bundle.tokenizer().encode(CAPTIONS[seed % CAPTIONS.length]),
                    seed,
                    sampling,
                    primed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void previewsHoldWhatIsDrawnByThen() throws IOException {
        ModelBundle bundle = ModelBundle.open(MODEL);
        List<Candidate> batch =
                IntStream.range(0, 4)
                        .mapToObj(
                                seed -> candidate(bundle, seed, Sampling.PLAIN, PrimedTokens.NONE))
                        .toList();
        Map<Integer, PartialGrid> seen = new TreeMap<>();
        try (GridGenerator generator = generator(bundle, 8, Precision.FLOAT32)) {
            TokenGrid whole =
                    generator
                            .draw(batch, List.of(new Preview(1, 3, seen::put)), () -> true)
                            .get(1)
                            .grid();

            assertThat(seen.keySet()).containsExactly(0, 1, 2);
            seen.forEach(
                    (index, partial) -> {
                        int drawn = 16 * (index + 1);
                        assertThat(partial.tokens())
                                .startsWith(Arrays.copyOf(whole.tokens(), drawn))
                                .endsWith(filled(64 - drawn));
                    });
        }
    }

    private static int[] filled(int count) {
        int[] tokens = new int[count];
        Arrays.fill(tokens, PrimedTokens.DRAWN);
        return tokens;
    }
}
