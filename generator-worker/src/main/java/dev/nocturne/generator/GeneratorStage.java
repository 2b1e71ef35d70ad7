package dev.nocturne.generator;

import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.RequestRef;
import dev.nocturne.generator.DecodeBatches.Place;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.transformer.CancelledException;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.Preview;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.runtime.BundleStage;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.OptionRules;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Generation tasks to token grids. */
public final class GeneratorStage implements BundleStage<GenerationRequested> {

    /** Keeps a GridsDrawn, which may hold a whole batch, far below Kafka's limit for a record. */
    private static final int MAX_BATCH_SIZE = 64;

    private final Supplier<GridDrawer> open;
    private final int batchSize;
    private final Predicate<String> isStopped;
    private final Consumer<GridPartlyDrawn> partialGrids;
    private GridDrawer drawer;

    /**
     * @param open opens the drawer, on the work thread
     * @param batchSize candidates in a decode batch, 1 to 64
     * @param isStopped whether a job, by its id, is stopped: nothing more of it is drawn
     * @param partialGrids is given those that were asked for, while it is drawn: must not wait
     */
    public GeneratorStage(
            Supplier<GridDrawer> open,
            int batchSize,
            Predicate<String> isStopped,
            Consumer<GridPartlyDrawn> partialGrids) {
        this.open = open;
        this.batchSize = batchSize;
        this.isStopped = isStopped;
        this.partialGrids = partialGrids;
    }

    @Override
    public String name() {
        return "generator";
    }

    @Override
    public Topic<GenerationRequested> input() {
        return Topics.GENERATION_TASKS;
    }

    @Override
    public RequestRef request(GenerationRequested task) {
        return task.getRequest();
    }

    @Override
    public String bundle() {
        return drawer.model();
    }

    @Override
    public String madeBy(GenerationRequested task) {
        return task.getModel();
    }

    /** Enough to fill decode batches with requests of one candidate. */
    @Override
    public int maxBatch() {
        return batchSize;
    }

    /** Requests of stopped jobs at the front go at once: they are nothing to fill a batch with. */
    @Override
    public int take(List<GenerationRequested> waiting) {
        int dropped = 0;
        while (dropped < waiting.size() && isStopped(waiting.get(dropped))) {
            dropped++;
        }
        return dropped > 0 ? dropped : DecodeBatches.take(waiting, batchSize);
    }

    /** Not those of stopped jobs: nothing is drawn with them, and filled up is what is drawn. */
    @Override
    public int fill(List<GenerationRequested> taken, List<GenerationRequested> waiting) {
        if (isStopped(taken.get(0))) {
            return 0;
        }
        List<GenerationRequested> wanted =
                waiting.stream().takeWhile(task -> !isStopped(task)).toList();
        return DecodeBatches.fill(taken, wanted, batchSize);
    }

    @Override
    public void open() {
        if (batchSize < 1 || batchSize > MAX_BATCH_SIZE) {
            throw new FatalException(
                    "nocturne.generator.batch is %d: must be 1 to %d"
                            .formatted(batchSize, MAX_BATCH_SIZE));
        }
        drawer = open.get();
    }

    /** A request of a stopped job is dropped whole: its result comes from who stopped it. */
    @Override
    public void process(List<GenerationRequested> tasks, Outbox out) {
        Map<Integer, List<GridsDrawn>> eventsByTask = new TreeMap<>();
        for (List<Place> batch : DecodeBatches.pack(tasks, batchSize)) {
            List<Place> places =
                    batch.stream().filter(place -> !isStopped(tasks.get(place.task()))).toList();
            grids(tasks, places, out)
                    .forEach(
                            (task, grids) ->
                                    eventsByTask
                                            .computeIfAbsent(task, index -> new ArrayList<>())
                                            .add(event(tasks.get(task), grids)));
        }
        eventsByTask.forEach(
                (task, events) -> {
                    if (!isStopped(tasks.get(task))) {
                        events.forEach(
                                event ->
                                        out.send(
                                                task,
                                                Topics.TOKEN_GRIDS,
                                                event.getRequest(),
                                                event));
                    }
                });
    }

    private boolean isStopped(GenerationRequested task) {
        return isStopped.test(task.getRequest().getJobId());
    }

    /** Of one decode batch, by task; empty if the jobs of all its places are stopped. */
    private Map<Integer, List<Grid>> grids(
            List<GenerationRequested> tasks, List<Place> batch, Outbox out) {
        Map<Integer, List<Grid>> gridsByTask = new TreeMap<>();
        List<DrawnCandidate> drawn = draw(tasks, batch, out);
        for (int i = 0; i < drawn.size(); i++) {
            Place place = batch.get(i);
            gridsByTask
                    .computeIfAbsent(place.task(), task -> new ArrayList<>())
                    .add(new Grid(place.candidate(), drawn.get(i)));
        }
        return gridsByTask;
    }

    private record Grid(int candidate, DrawnCandidate drawn) {}

    private List<DrawnCandidate> draw(
            List<GenerationRequested> tasks, List<Place> batch, Outbox out) {
        BooleanSupplier wanted =
                () -> batch.stream().anyMatch(place -> !isStopped(tasks.get(place.task())));
        if (!wanted.getAsBoolean()) {
            return List.of();
        }
        try {
            List<Candidate> candidates =
                    batch.stream()
                            .map(place -> candidate(tasks.get(place.task()), place.candidate()))
                            .toList();
            return drawer.draw(
                    candidates,
                    previews(tasks, batch),
                    () -> out.keepGoing() && wanted.getAsBoolean());
        } catch (RuntimeException e) {
            if (e instanceof CancelledException && out.keepGoing()) {
                return List.of(); // stopped between two chunks
            }
            throw PermanentException.because(ReasonCodes.MODEL_ERROR, "cannot draw", e);
        }
    }

    /** Of the first candidate of each request that asked: one picture is what somebody looks at. */
    private List<Preview> previews(List<GenerationRequested> tasks, List<Place> batch) {
        return IntStream.range(0, batch.size())
                .filter(
                        i ->
                                batch.get(i).candidate() == 0
                                        && partialImages(tasks.get(batch.get(i).task())) > 0)
                .mapToObj(i -> preview(i, tasks.get(batch.get(i).task())))
                .toList();
    }

    private Preview preview(int place, GenerationRequested task) {
        return new Preview(
                place,
                partialImages(task),
                (index, grid) -> partialGrids.accept(partlyDrawn(task, index, grid)));
    }

    private static int partialImages(GenerationRequested task) {
        return task.getOptions().getPartialImages();
    }

    private GridPartlyDrawn partlyDrawn(GenerationRequested task, int index, PartialGrid grid) {
        return new GridPartlyDrawn(
                task.getRequest(),
                index,
                seed(task, 0),
                drawer.model(),
                grid.height(),
                grid.width(),
                ByteBuffer.wrap(grid.toBytes()),
                task.getOptions());
    }

    private static Candidate candidate(GenerationRequested task, int candidate) {
        return new Candidate(
                task.getTextTokens().stream().mapToInt(Integer::intValue).toArray(),
                seed(task, candidate),
                sampling(task.getOptions()),
                PrimedTokens.fromBytes(EventCodec.bytes(task.getPrimedTokens())));
    }

    private static Sampling sampling(DrawingOptions options) {
        return new Sampling(
                options.getTemperature(),
                options.getTopK(),
                OptionRules.topP(options),
                options.getGuidance());
    }

    /** A task from before the change of scheme is drawn, also in part, as it was begun. */
    private static long seed(GenerationRequested task, int candidate) {
        return task.getOptions().getSeedScheme() == SeedSchemes.MIXED
                ? CandidateSeeds.mixed(task.getSeed(), candidate)
                : CandidateSeeds.seed(task.getSeed(), candidate);
    }

    private static DrawnGrid grid(GenerationRequested task, Grid grid) {
        return new DrawnGrid(
                grid.candidate(),
                seed(task, grid.candidate()),
                grid.drawn().logProbability(),
                ByteBuffer.wrap(grid.drawn().grid().toBytes()));
    }

    private GridsDrawn event(GenerationRequested task, List<Grid> grids) {
        TokenGrid any = grids.get(0).drawn().grid();
        return GridsDrawn.newBuilder()
                .setRequest(task.getRequest())
                .setTextEmbedding(task.getTextEmbedding())
                .setModel(drawer.model())
                .setGridHeight(any.height())
                .setGridWidth(any.width())
                .setGrids(grids.stream().map(grid -> grid(task, grid)).toList())
                .setOptions(task.getOptions())
                .build();
    }

    /** The picture of no caption: a text that every transformer reads. */
    @Override
    public void selfTest() {
        Candidate candidate = new Candidate(new int[0], 0, Sampling.PLAIN, new int[0]);
        double logProbability =
                drawer.draw(List.of(candidate), List.of(), () -> true).get(0).logProbability();
        if (!Double.isFinite(logProbability)) {
            throw new IllegalStateException("a grid has the log-probability " + logProbability);
        }
    }

    @Override
    public void close() {
        if (drawer != null) {
            drawer.close();
        }
    }
}
