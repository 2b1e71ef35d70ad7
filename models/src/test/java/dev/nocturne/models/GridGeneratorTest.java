package dev.nocturne.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GridGeneratorTest {
    private static final int BATCH = 8;
    private static final Sampling PLAIN = new Sampling(1, 0, 1);
    private static final int[] NOTHING = {};
    private final Map<String, Safetensors.Tensor> weights =
            RandomModels.weights(RandomModels.TRANSFORMER.shapes());

    private GridGenerator generator(Precision precision) {
        return new GridGenerator(weights, RandomModels.TRANSFORMER, BATCH, precision);
    }

    private static Candidate candidate(int number) {
        return new Candidate(new int[] {number % 3, 7}, number, PLAIN, NOTHING);
    }

    @ParameterizedTest
    @EnumSource
    void aCandidateIsTheSameInAnyCompanyAndAnyRow(Precision precision) {
        List<Candidate> candidates =
                new ArrayList<>(
                        IntStream.range(0, BATCH).mapToObj(GridGeneratorTest::candidate).toList());
        try (GridGenerator generator = generator(precision);
                GridGenerator afterRestart = generator(precision)) {
            List<DrawnCandidate> together = generator.draw(candidates, () -> true);
            for (int i = 0; i < BATCH; i++) {
                assertSame(
                        afterRestart.draw(List.of(candidates.get(i)), () -> true).get(0),
                        together.get(i));
            }
            List<Integer> order = new ArrayList<>(IntStream.range(0, BATCH).boxed().toList());
            Collections.shuffle(order, new Random(3));
            List<DrawnCandidate> shuffled =
                    generator.draw(order.stream().map(candidates::get).toList(), () -> true);
            for (int i = 0; i < BATCH; i++) {
                assertSame(shuffled.get(i), together.get(order.get(i)));
            }
            assertThat(together.stream().map(DrawnCandidate::grid).distinct()).hasSize(BATCH);
        }
    }

    /** The same tokens; sums of logarithms may be rounded differently. */
    private static void assertSame(DrawnCandidate actual, DrawnCandidate expected) {
        assertThat(actual.grid()).isEqualTo(expected.grid());
        assertThat(actual.logProbability()).isCloseTo(expected.logProbability(), within(1e-5));
    }

    /** The control: one dense pass over the whole sequence, without caches. */
    @Test
    void logProbabilitiesAreThoseOfTheDensePass() {
        try (GridGenerator generator = generator(Precision.FLOAT32);
                TorchProgram program =
                        TorchProgram.load("transformer.py", "resblocks.py", "adamw.py");
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue prepared = program.prepare(weights, Precision.FLOAT32)) {
            for (Candidate candidate : List.of(candidate(0), candidate(5))) {
                DrawnCandidate drawn = generator.draw(List.of(candidate), () -> true).get(0);
                long[] image = IntStream.of(drawn.grid().tokens()).asLongStream().toArray();
                try (IValue text =
                                IValue.from(
                                        (PtNDArray)
                                                scope.create(
                                                        RandomModels.TRANSFORMER.padded(
                                                                candidate.textTokens()),
                                                        new Shape(1, 6)));
                        IValue grid =
                                IValue.from((PtNDArray) scope.create(image, new Shape(1, 16)));
                        IValue losses = program.call("evaluate", prepared, text, grid)) {
                    float meanNegative = losses.toTensor(scope).toFloatArray()[1];
                    assertThat(drawn.logProbability())
                            .isCloseTo(-16.0 * meanNegative, within(1e-3));
                }
            }
        }
    }

    @Test
    void tightLimitsLeaveTheLikeliestTokenOnly() {
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            List<Candidate> greedy = new ArrayList<>();
            for (long seed = 0; seed < 3; seed++) {
                greedy.add(new Candidate(new int[] {1}, seed, new Sampling(1, 1, 1), NOTHING));
                greedy.add(new Candidate(new int[] {1}, seed, new Sampling(1, 0, 1e-6), NOTHING));
            }
            assertThat(
                            generator.draw(greedy, () -> true).stream()
                                    .map(DrawnCandidate::grid)
                                    .distinct())
                    .hasSize(1);
        }
    }

    @Test
    void primedTokensAreKeptAndDoNotCount() {
        int[] primed = {3, 1, 4, 1, 5};
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            DrawnCandidate drawn =
                    generator
                            .draw(
                                    List.of(new Candidate(new int[] {1}, 9, PLAIN, primed)),
                                    () -> true)
                            .get(0);
            assertThat(drawn.grid().tokens()).startsWith(primed);
            int[] all = drawn.grid().tokens();
            DrawnCandidate given =
                    generator
                            .draw(List.of(new Candidate(new int[] {1}, 9, PLAIN, all)), () -> true)
                            .get(0);
            assertThat(given.logProbability()).isZero();
            assertThat(drawn.logProbability()).isNegative();
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            assertThatThrownBy(() -> generator.draw(List.of(), () -> true))
                    .hasMessage("0 candidates; a batch holds 1 to 8");
            Candidate wordy = new Candidate(new int[7], 0, PLAIN, NOTHING);
            assertThatThrownBy(() -> generator.draw(List.of(wordy), () -> true))
                    .hasMessage("7 text tokens; the transformer reads at most 6");
        }
    }
}
