package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.models.RandomModels;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Precision;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GridGeneratorTest {
    private static final int BATCH = 8;
    private static final int[] NOTHING = {};
    private final Map<String, Safetensors.Tensor> weights =
            RandomModels.weights(RandomModels.TRANSFORMER.shapes());

    private GridGenerator generator(Precision precision) {
        return new GridGenerator(weights, RandomModels.TRANSFORMER, BATCH, precision);
    }

    private static Candidate candidate(int number) {
        return new Candidate(new int[] {number % 3, 7}, number, Sampling.PLAIN, NOTHING);
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

    @Test
    void tightLimitsLeaveTheLikeliestTokenOnly() {
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            List<Candidate> greedy = new ArrayList<>();
            for (long seed = 0; seed < 3; seed++) {
                greedy.add(new Candidate(new int[] {1}, seed, new Sampling(1, 1, 1, 1), NOTHING));
                greedy.add(
                        new Candidate(new int[] {1}, seed, new Sampling(1, 0, 1e-6, 1), NOTHING));
            }
            assertThat(
                            generator.draw(greedy, () -> true).stream()
                                    .map(DrawnCandidate::grid)
                                    .distinct())
                    .hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 3, 100})
    void atItsLimitsSamplingDrawsTheLikeliestToken(double guidance) {
        List<Sampling> limits =
                List.of(
                        new Sampling(1, 1, 1, guidance),
                        new Sampling(1e-29, 0, 1, guidance),
                        new Sampling(1e-31, 0, 1, guidance),
                        new Sampling(1e-36, 0, 1, guidance),
                        new Sampling(1e-38, 0, 1, guidance),
                        new Sampling(1e-46, 5, 0.5, guidance),
                        new Sampling(Double.MIN_VALUE, 0, Double.MIN_VALUE, guidance),
                        new Sampling(1, 0, 1e-45, guidance));
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            List<DrawnCandidate> drawn =
                    generator.draw(
                            limits.stream()
                                    .map(limit -> new Candidate(new int[] {1}, 5, limit, NOTHING))
                                    .toList(),
                            () -> true);
            assertThat(drawn.get(0).grid().tokens())
                    .as("more than code 0")
                    .isNotEqualTo(new int[drawn.get(0).grid().tokens().length]);
            for (DrawnCandidate candidate : drawn) {
                assertSame(candidate, drawn.get(0));
                assertThat(candidate.logProbability()).isFinite();
            }
        }
    }

    @Test
    void aGuidedCandidateIsTheSameBesideUnguidedOnes() {
        Sampling guided = new Sampling(1, 0, 1, 5);
        Candidate one = new Candidate(new int[] {1, 7}, 1, guided, NOTHING);
        Candidate other = new Candidate(new int[] {2}, 2, guided, NOTHING);
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            List<DrawnCandidate> mixed =
                    generator.draw(List.of(candidate(4), one, candidate(5), other), () -> true);
            assertSame(mixed.get(0), generator.draw(List.of(candidate(4)), () -> true).get(0));
            assertSame(mixed.get(1), generator.draw(List.of(one), () -> true).get(0));
            assertSame(mixed.get(3), generator.draw(List.of(other), () -> true).get(0));
        }
    }

    @Test
    void guidanceChangesNothingWhereThereIsNoCaptionAndMuchWhereThereIsOne() {
        Sampling guided = new Sampling(1, 0, 1, 20);
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            assertThat(drawn(generator, NOTHING, guided))
                    .isEqualTo(drawn(generator, NOTHING, Sampling.PLAIN));
            assertThat(drawn(generator, new int[] {1, 7}, guided))
                    .isNotEqualTo(drawn(generator, new int[] {1, 7}, Sampling.PLAIN));
        }
    }

    private static TokenGrid drawn(GridGenerator generator, int[] text, Sampling sampling) {
        return generator
                .draw(List.of(new Candidate(text, 3, sampling, NOTHING)), () -> true)
                .get(0)
                .grid();
    }

    @Test
    void primedTokensAreKeptAndDoNotCount() {
        int[] primed = {3, 1, 4, 1, 5};
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            DrawnCandidate drawn =
                    generator
                            .draw(
                                    List.of(
                                            new Candidate(
                                                    new int[] {1}, 9, Sampling.PLAIN, primed)),
                                    () -> true)
                            .get(0);
            assertThat(drawn.grid().tokens()).startsWith(primed);
            int[] all = drawn.grid().tokens();
            DrawnCandidate given =
                    generator
                            .draw(
                                    List.of(new Candidate(new int[] {1}, 9, Sampling.PLAIN, all)),
                                    () -> true)
                            .get(0);
            assertThat(given.logProbability()).isZero();
            assertThat(drawn.logProbability()).isNegative();
        }
    }

    /** The first rows and columns of an encoded picture, and what a variation keeps. */
    @Test
    void whatIsKeptOfAPictureAreTheEncodersTokensAndTheRestIsDrawn() {
        TokenGrid picture = encoded();
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            for (int[] kept :
                    List.of(
                            PrimedTokens.of(picture, 3, 0),
                            PrimedTokens.of(picture, 0, 2),
                            PrimedTokens.of(picture, 1, 1),
                            PrimedTokens.everySecond(picture))) {
                int[] one = drawnWith(generator, kept, 1);
                int[] other = drawnWith(generator, kept, 2);
                for (int position = 0; position < kept.length; position++) {
                    if (kept[position] != PrimedTokens.DRAWN) {
                        assertThat(one[position]).isEqualTo(picture.tokens()[position]);
                        assertThat(other[position]).isEqualTo(picture.tokens()[position]);
                    }
                }
                assertThat(one).as("what is drawn").isNotEqualTo(other);
            }
        }
    }

    private static TokenGrid encoded() {
        BufferedImage picture = new BufferedImage(20, 16, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(5);
        for (int i = 0; i < 20 * 16; i++) {
            picture.setRGB(i % 20, i / 20, random.nextInt());
        }
        try (DiscreteVae dvae =
                new DiscreteVae(
                        RandomModels.weights(RandomModels.DVAE.shapes()),
                        RandomModels.DVAE,
                        RandomModels.IMAGE_SIZE,
                        Precision.FLOAT32)) {
            return dvae.encode(picture);
        }
    }

    private static int[] drawnWith(GridGenerator generator, int[] kept, long seed) {
        Candidate candidate = new Candidate(new int[] {1, 7}, seed, Sampling.PLAIN, kept);
        return generator.draw(List.of(candidate), () -> true).get(0).grid().tokens();
    }

    @Test
    void partialGridsAreWhatTheGridBeginsWithAndChangeNothingOfIt() {
        List<Candidate> batch =
                List.of(
                        candidate(0),
                        new Candidate(new int[] {1, 7}, 1, new Sampling(1, 0, 1, 5), NOTHING),
                        candidate(2));
        Map<Integer, List<PartialGrid>> seen = new TreeMap<>();
        List<Preview> previews = List.of(preview(0, 3, seen), preview(1, 2, seen));
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            List<DrawnCandidate> unseen = generator.draw(batch, () -> true);
            List<DrawnCandidate> drawn = generator.draw(batch, previews, () -> true);

            assertThat(drawn).isEqualTo(unseen);
            assertThat(seen.keySet()).containsExactly(0, 1);
            seen.forEach(
                    (candidate, grids) ->
                            grids.forEach(grid -> assertPrefix(grid, drawn.get(candidate).grid())));
            assertThat(seen.get(0)).extracting(GridGeneratorTest::drawn).containsExactly(4, 8, 12);
            assertThat(seen.get(1)).extracting(GridGeneratorTest::drawn).containsExactly(4, 12);
        }
    }

    private static Preview preview(int candidate, int times, Map<Integer, List<PartialGrid>> seen) {
        List<PartialGrid> grids = seen.computeIfAbsent(candidate, key -> new ArrayList<>());
        return new Preview(
                candidate,
                times,
                (index, grid) -> {
                    assertThat(index).isEqualTo(grids.size());
                    grids.add(grid);
                });
    }

    private static int drawn(PartialGrid grid) {
        return (int) IntStream.of(grid.tokens()).filter(t -> t != PrimedTokens.DRAWN).count();
    }

    private static void assertPrefix(PartialGrid partial, TokenGrid whole) {
        int drawn = drawn(partial);
        assertThat(Arrays.copyOf(partial.tokens(), drawn))
                .isEqualTo(Arrays.copyOf(whole.tokens(), drawn));
    }

    @Test
    void aPartialGridShowsWhatIsGivenBeforeItIsReached() {
        TokenGrid picture = new TokenGrid(4, 4, IntStream.range(0, 16).toArray());
        int[] leftColumn = PrimedTokens.of(picture, 0, 1);
        Map<Integer, List<PartialGrid>> seen = new TreeMap<>();
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            generator.draw(
                    List.of(new Candidate(new int[] {1}, 9, Sampling.PLAIN, leftColumn)),
                    List.of(preview(0, 1, seen)),
                    () -> true);
        }
        int[] tokens = seen.get(0).get(0).tokens();
        assertThat(drawn(seen.get(0).get(0))).as("two rows, and two of the column").isEqualTo(10);
        assertThat(tokens[8]).isEqualTo(8);
        assertThat(tokens[9]).isEqualTo(PrimedTokens.DRAWN);
        assertThat(tokens[12]).isEqualTo(12);
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (GridGenerator generator = generator(Precision.FLOAT32)) {
            assertThatThrownBy(() -> generator.draw(List.of(), () -> true))
                    .hasMessage("0 candidates; a batch holds 1 to 8");
            Candidate wordy = new Candidate(new int[7], 0, Sampling.PLAIN, NOTHING);
            assertThatThrownBy(() -> generator.draw(List.of(wordy), () -> true))
                    .hasMessage("7 text tokens; the transformer reads at most 6");
        }
    }
}
