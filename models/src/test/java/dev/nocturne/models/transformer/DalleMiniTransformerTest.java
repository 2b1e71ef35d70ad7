package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.models.RandomModels;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.program.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** That an encoder makes no difference to what holds of every family. */
class DalleMiniTransformerTest {
    private static final DalleMiniTransformer ARCHITECTURE =
            new DalleMiniTransformer(2, 2, 128, 171, 600, 0, 2, 8, 32, 4);
    private static final int BATCH = 8;
    private static final int[] LEFT = {4, PrimedTokens.DRAWN, 7};

    private final Map<String, Safetensors.Tensor> weights =
            RandomModels.weights(ARCHITECTURE.shapes());

    private GridGenerator generator(Precision precision, int span) {
        return new GridGenerator(weights, ARCHITECTURE, BATCH, precision, Spans.of(span));
    }

    static Stream<Arguments> familiesThatDrawAhead() {
        return Stream.of(
                        ARCHITECTURE,
                        new DallePytorchTransformer(
                                2,
                                128,
                                2,
                                600,
                                6,
                                32,
                                4,
                                List.of(AttentionPattern.FULL),
                                false,
                                true,
                                false,
                                false,
                                false))
                .flatMap(
                        family ->
                                Arrays.stream(Precision.values())
                                        .map(precision -> Arguments.of(family, precision)));
    }

    /** Captions of several lengths, guided and not, one with given tokens. */
    private static List<Candidate> candidates() {
        Sampling guided = new Sampling(0.8, 12, 0.95, 4);
        return List.of(
                new Candidate(new int[] {7}, 1, guided, PrimedTokens.NONE),
                new Candidate(new int[] {9, 5, 8, 3, 11, 6}, 2, guided, PrimedTokens.NONE),
                new Candidate(new int[] {7}, 3, guided, LEFT),
                new Candidate(new int[] {}, 4, Sampling.PLAIN, PrimedTokens.NONE),
                new Candidate(new int[] {7, 5}, 5, Sampling.PLAIN, PrimedTokens.NONE),
                new Candidate(new int[] {7}, 6, guided, PrimedTokens.NONE));
    }

    @ParameterizedTest
    @MethodSource("familiesThatDrawAhead")
    void aCandidateIsTheSameInAnyCompanyAndWithAnySpan(
            TransformerFamily family, Precision precision) {
        Map<String, Safetensors.Tensor> random = RandomModels.weights(family.shapes());
        List<Candidate> candidates = candidates();
        List<DrawnCandidate> together;
        try (GridGenerator generator =
                new GridGenerator(random, family, BATCH, precision, Spans.of(1))) {
            together = generator.draw(candidates, () -> true);
            for (int i = 0; i < candidates.size(); i++) {
                assertSame(
                        generator.draw(List.of(candidates.get(i)), () -> true).get(0),
                        together.get(i));
            }
        }
        assertThat(together.get(2).grid().tokens()).startsWith(4).containsSequence(7);
        for (int span : new int[] {3, 8}) {
            try (GridGenerator generator =
                    new GridGenerator(random, family, BATCH, precision, Spans.of(span))) {
                List<DrawnCandidate> ahead = generator.draw(candidates, () -> true);
                for (int i = 0; i < candidates.size(); i++) {
                    assertSame(ahead.get(i), together.get(i));
                }
            }
        }
    }

    private static void assertSame(DrawnCandidate actual, DrawnCandidate expected) {
        assertThat(actual.grid()).isEqualTo(expected.grid());
        assertThat(actual.logProbability()).isCloseTo(expected.logProbability(), within(1e-9));
    }

    /** The log-probability counts what the caption makes of each drawn token. */
    @Test
    void logProbabilitiesAreThoseOfTheLogits() {
        Candidate candidate =
                new Candidate(new int[] {9, 5}, 3, new Sampling(1, 0, 1, 6), PrimedTokens.NONE);
        try (GridGenerator generator = generator(Precision.FLOAT32, 4)) {
            DrawnCandidate drawn = generator.draw(List.of(candidate), () -> true).get(0);
            int[] tokens = drawn.grid().tokens();
            long[] rows = new long[BATCH * tokens.length];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = tokens[i % tokens.length];
            }
            float[] logits = generator.logits(List.of(candidate), rows);
            double sum = 0;
            for (int t = 0; t < tokens.length; t++) {
                float[] ofToken = Arrays.copyOfRange(logits, t * 32, (t + 1) * 32);
                double total = 0;
                for (float logit : ofToken) {
                    total += Math.exp(logit);
                }
                sum += ofToken[tokens[t]] - Math.log(total);
            }
            assertThat(drawn.logProbability()).isCloseTo(sum, within(1e-3));
        }
    }

    @Test
    void previewsHoldWhatIsDrawnByThen() {
        Map<Integer, PartialGrid> seen = new TreeMap<>();
        List<Candidate> batch = new ArrayList<>(candidates());
        try (GridGenerator generator = generator(Precision.FLOAT32, 8)) {
            int[] whole =
                    generator
                            .draw(batch, List.of(new Preview(1, 1, seen::put)), () -> true)
                            .get(1)
                            .grid()
                            .tokens();
            assertThat(seen.get(0).tokens()).startsWith(Arrays.copyOf(whole, 8));
            assertThat(seen.get(0).tokens()[8]).isEqualTo(PrimedTokens.DRAWN);
        }
    }

    @Test
    void guidanceAndTheCaptionMakeADifference() {
        try (GridGenerator generator = generator(Precision.FLOAT32, 1)) {
            List<DrawnCandidate> drawn =
                    generator.draw(
                            List.of(
                                    likeliest(new int[] {7}, 1),
                                    likeliest(new int[] {7}, 16),
                                    likeliest(new int[] {8}, 16)),
                            () -> true);
            assertThat(drawn.get(1).grid()).isNotEqualTo(drawn.get(0).grid());
            assertThat(drawn.get(2).grid()).isNotEqualTo(drawn.get(1).grid());
        }
    }

    private static Candidate likeliest(int[] text, double guidance) {
        return new Candidate(text, 1, new Sampling(1, 1, 1, guidance), PrimedTokens.NONE);
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThat(ARCHITECTURE.padded(new int[] {5, 6})).containsExactly(0, 5, 6, 2);
        assertThatThrownBy(() -> ARCHITECTURE.padded(new int[7]))
                .hasMessage("7 text tokens; the transformer reads at most 6");
        assertThatThrownBy(() -> new DalleMiniTransformer(2, 2, 100, 171, 600, 0, 2, 8, 32, 4))
                .hasMessageContaining("width is 100");
        assertThatThrownBy(() -> new DalleMiniTransformer(2, 2, 64, 171, 600, 0, 600, 8, 32, 4))
                .hasMessage("captions begin with 0 and end with 600, and there are 600 text ids");
        assertThatThrownBy(() -> new DalleMiniTransformer(2, 0, 64, 171, 600, 0, 2, 8, 32, 4))
                .hasMessageContaining("must be positive");
    }
}
