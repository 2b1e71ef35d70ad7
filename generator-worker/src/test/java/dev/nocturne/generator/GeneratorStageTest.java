package dev.nocturne.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.transformer.CancelledException;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.Preview;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.Topics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GeneratorStageTest {

    private final Set<String> stopped = new HashSet<>();
    private final List<Integer> batchSizes = new ArrayList<>();
    private final List<GridPartlyDrawn> partialGrids = new ArrayList<>();
    private final Outbox out = new Outbox(() -> true);

    /** Draws a 1x1 grid of the lowest 16 bits of the seed. */
    private class SeedDrawer implements GridDrawer {

        @Override
        public String model() {
            return "seeds@0";
        }

        @Override
        public List<DrawnCandidate> draw(
                List<Candidate> candidates, List<Preview> previews, BooleanSupplier keepGoing) {
            batchSizes.add(candidates.size());
            previews.forEach(
                    preview ->
                            IntStream.range(0, preview.times())
                                    .forEach(i -> preview.viewer().see(i, partial(i))));
            assertThat(candidates)
                    .allSatisfy(
                            candidate -> {
                                assertThat(candidate.textTokens()).containsExactly(5, 6);
                                assertThat(candidate.primedTokens()).containsExactly(7);
                            });
            return candidates.stream()
                    .map(candidate -> new DrawnCandidate(grid(candidate.seed()), -1.5))
                    .toList();
        }

        @Override
        public void close() {}
    }

    /** Of a 1x2 grid, its first token being the preview's index. */
    private static PartialGrid partial(int index) {
        return new PartialGrid(1, 2, new int[] {index, PrimedTokens.DRAWN});
    }

    private static TokenGrid grid(long seed) {
        return new TokenGrid(1, 1, new int[] {(int) (seed & 0x7fff)});
    }

    @Test
    void everyCandidateIsDrawnOnceInFullBatches() {
        List<GenerationRequested> tasks = Tasks.of(3, 6, 1);
        GeneratorStage stage = stage(SeedDrawer::new);
        stage.open();
        stage.process(tasks, out);

        assertThat(batchSizes).containsExactly(4, 4, 2);
        for (int i = 0; i < tasks.size(); i++) {
            GenerationRequested task = tasks.get(i);
            List<DrawnGrid> grids = grids(i);
            assertThat(grids).hasSize(task.getOptions().getCandidates());
            for (int candidate = 0; candidate < grids.size(); candidate++) {
                long seed = CandidateSeeds.seed(task.getSeed(), candidate);
                DrawnGrid drawn = grids.get(candidate);
                assertThat(drawn.getCandidate()).isEqualTo(candidate);
                assertThat(drawn.getSeed()).isEqualTo(seed);
                assertThat(drawn.getLogProbability()).isEqualTo(-1.5);
                assertThat(EventCodec.bytes(drawn.getTokens())).isEqualTo(grid(seed).toBytes());
            }
        }
    }

    private static GenerationRequested with(
            GenerationRequested task, UnaryOperator<DrawingOptions.Builder> change) {
        return GenerationRequested.newBuilder(task)
                .setOptions(change.apply(DrawingOptions.newBuilder(task.getOptions())).build())
                .build();
    }

    @Test
    void aTaskFromBeforeTheSeedsSchemeIsDrawnWithTheSeedsThatItHad() {
        GenerationRequested task =
                with(Tasks.of(3).get(0), options -> options.setSeedScheme(SeedSchemes.MIXED));
        GeneratorStage stage = stage(SeedDrawer::new);
        stage.open();
        stage.process(List.of(task), out);

        assertThat(grids(0))
                .extracting(DrawnGrid::getSeed)
                .containsExactly(
                        CandidateSeeds.mixed(task.getSeed(), 0),
                        CandidateSeeds.mixed(task.getSeed(), 1),
                        CandidateSeeds.mixed(task.getSeed(), 2));
        assertThat(((GridsDrawn) out.outputs().get(0).event()).getOptions().getSeedScheme())
                .isEqualTo(SeedSchemes.MIXED);
    }

    @Test
    void anEventHoldsOneRequestsShareOfOneBatch() {
        GeneratorStage stage = stage(SeedDrawer::new);
        stage.open();
        stage.process(Tasks.of(3, 6, 1), out);
        assertThat(out.outputs())
                .extracting(output -> ((GridsDrawn) output.event()).getGrids().size())
                .containsExactly(3, 1, 4, 1, 1);
        assertThat(out.outputs())
                .allSatisfy(
                        output -> {
                            GridsDrawn drawn = (GridsDrawn) output.event();
                            assertThat(drawn.getModel()).isEqualTo("seeds@0");
                            assertThat(drawn.getGridHeight()).isEqualTo(1);
                            assertThat(drawn.getOptions().getOutputFormat()).isEqualTo("webp");
                            assertThat(drawn.getOptions().getOutputCompression()).isEqualTo(80);
                        });
    }

    @Test
    void partialGridsAreOfTheFirstCandidateOfThoseWhoAskedAndNoneIsAnOutput() {
        List<GenerationRequested> tasks = new ArrayList<>(Tasks.of(3, 6, 1));
        GenerationRequested asking = with(tasks.get(1), options -> options.setPartialImages(2));
        tasks.set(1, asking);
        GeneratorStage stage = stage(SeedDrawer::new);
        stage.open();
        stage.process(tasks, out);

        assertThat(partialGrids)
                .hasSize(2)
                .allSatisfy(
                        partial -> {
                            assertThat(partial.getRequest()).isEqualTo(asking.getRequest());
                            assertThat(partial.getSeed())
                                    .isEqualTo(CandidateSeeds.seed(asking.getSeed(), 0))
                                    .isEqualTo(grids(1).get(0).getSeed());
                            assertThat(partial.getModel()).isEqualTo("seeds@0");
                            assertThat(partial.getOptions().getOutputFormat()).isEqualTo("webp");
                            assertThat(EventCodec.bytes(partial.getTokens()))
                                    .isEqualTo(partial(partial.getIndex()).toBytes());
                        });
        assertThat(partialGrids).extracting(GridPartlyDrawn::getIndex).containsExactly(0, 1);
        assertThat(out.outputs())
                .allSatisfy(output -> assertThat(output.topic()).isEqualTo(Topics.TOKEN_GRIDS));
    }

    @Test
    void failureOfTheModelNamesItsReason() {
        GridDrawer broken =
                new SeedDrawer() {
                    @Override
                    public List<DrawnCandidate> draw(
                            List<Candidate> batch, List<Preview> previews, BooleanSupplier go) {
                        throw new IllegalStateException("not enough memory");
                    }
                };
        GeneratorStage stage = stage(() -> broken);
        stage.open();
        assertThatExceptionOfType(PermanentException.class)
                .isThrownBy(() -> stage.process(Tasks.of(1), out))
                .withMessage("cannot draw: not enough memory")
                .extracting(PermanentException::reasonCode)
                .isEqualTo(ReasonCodes.MODEL_ERROR);
    }

    /** As another producer may write them; a worker would draw nothing, or run out of memory. */
    @ParameterizedTest
    @ValueSource(ints = {0, -2, 2_000_000_000})
    void tasksOfNoOrTooManyCandidatesAreNotBegun(int candidates) {
        assertThat(stage(SeedDrawer::new).validate(Tasks.of(candidates).get(0)))
                .hasValueSatisfying(
                        violation ->
                                assertThat(violation.code()).isEqualTo(ReasonCodes.INVALID_OPTION));
        assertThat(stage(SeedDrawer::new).validate(Tasks.of(1).get(0))).isEmpty();
    }

    /** Draws the same for everybody. */
    private record SameDrawer(double logProbability) implements GridDrawer {

        @Override
        public String model() {
            return "same@0";
        }

        @Override
        public List<DrawnCandidate> draw(
                List<Candidate> candidates, List<Preview> previews, BooleanSupplier keepGoing) {
            return candidates.stream()
                    .map(candidate -> new DrawnCandidate(grid(1), logProbability))
                    .toList();
        }

        @Override
        public void close() {}
    }

    @Test
    void theSelfTestNoticesADrawerWhoseNumbersAreNone() {
        GeneratorStage well = stage(() -> new SameDrawer(-1.5));
        well.open();
        well.selfTest();

        GeneratorStage broken = stage(() -> new SameDrawer(Double.NaN));
        broken.open();
        assertThatIllegalStateException().isThrownBy(broken::selfTest).withMessageContaining("NaN");
    }

    @Test
    void batchSizeOutOfRangeIsRefused() {
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(
                        () ->
                                new GeneratorStage(
                                                SeedDrawer::new,
                                                65,
                                                stopped::contains,
                                                partialGrids::add)
                                        .open())
                .withMessage("nocturne.generator.batch is 65: must be 1 to 64");
    }

    @Test
    void ofAStoppedJobNothingIsDrawn() {
        List<GenerationRequested> tasks = Tasks.of(3, 6, 1);
        stopped.add(tasks.get(0).getRequest().getJobId());
        GeneratorStage stage = stage(SeedDrawer::new);
        stage.open();
        assertThat(stage.take(tasks)).isEqualTo(3);
        stage.process(tasks, out);

        assertThat(batchSizes).isEmpty();
        assertThat(out.outputs()).isEmpty();
        assertThat(out.rejections()).isEmpty();
    }

    @Test
    void aJobThatIsStoppedBetweenChunksIsDroppedWhole() {
        List<GenerationRequested> tasks = Tasks.of(6);
        GridDrawer stoppedInTheSecondBatch =
                new SeedDrawer() {
                    @Override
                    public List<DrawnCandidate> draw(
                            List<Candidate> candidates,
                            List<Preview> previews,
                            BooleanSupplier keepGoing) {
                        assertThat(keepGoing.getAsBoolean()).isTrue();
                        if (!batchSizes.isEmpty()) {
                            stopped.add(tasks.get(0).getRequest().getJobId());
                            assertThat(keepGoing.getAsBoolean()).isFalse();
                            throw new CancelledException();
                        }
                        return super.draw(candidates, previews, keepGoing);
                    }
                };
        GeneratorStage stage = stage(() -> stoppedInTheSecondBatch);
        stage.open();
        stage.process(tasks, out);

        assertThat(batchSizes).containsExactly(4);
        assertThat(out.outputs()).isEmpty();
        assertThat(out.rejections()).isEmpty();
    }

    private GeneratorStage stage(Supplier<GridDrawer> drawer) {
        return new GeneratorStage(drawer, 4, stopped::contains, partialGrids::add);
    }

    private List<DrawnGrid> grids(int task) {
        return out.outputs().stream()
                .filter(output -> output.index() == task)
                .flatMap(output -> ((GridsDrawn) output.event()).getGrids().stream())
                .toList();
    }
}
