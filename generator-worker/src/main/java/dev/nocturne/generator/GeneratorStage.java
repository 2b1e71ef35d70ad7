package dev.nocturne.generator;

import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.RequestRef;
import dev.nocturne.generator.DecodeBatches.Place;
import dev.nocturne.models.Candidate;
import dev.nocturne.models.CandidateSeeds;
import dev.nocturne.models.DrawnCandidate;
import dev.nocturne.models.PrimedTokens;
import dev.nocturne.models.Sampling;
import dev.nocturne.models.TokenGrid;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.Stage;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Generation tasks to token grids. */
final class GeneratorStage implements Stage<GenerationRequested> {

    /** Keeps a GridsDrawn, which may hold a whole batch, far below Kafka's limit for a record. */
    private static final int MAX_BATCH_SIZE = 64;

    private final Supplier<GridDrawer> open;
    private final int batchSize;
    private GridDrawer drawer;

    GeneratorStage(Supplier<GridDrawer> open, int batchSize) {
        this.open = open;
        this.batchSize = batchSize;
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

    /** Enough to fill decode batches with requests of one candidate. */
    @Override
    public int maxBatch() {
        return batchSize;
    }

    @Override
    public int take(List<GenerationRequested> waiting) {
        return DecodeBatches.take(waiting, batchSize);
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

    @Override
    public void process(List<GenerationRequested> tasks, Outbox out) {
        for (List<Place> batch : DecodeBatches.pack(tasks, batchSize)) {
            List<DrawnCandidate> drawn = draw(tasks, batch, out);
            Map<Integer, List<DrawnGrid>> gridsByTask = new TreeMap<>();
            for (int i = 0; i < batch.size(); i++) {
                Place place = batch.get(i);
                gridsByTask
                        .computeIfAbsent(place.task(), task -> new ArrayList<>())
                        .add(grid(tasks.get(place.task()), place.candidate(), drawn.get(i)));
            }
            TokenGrid any = drawn.get(0).grid();
            gridsByTask.forEach(
                    (task, grids) ->
                            out.send(
                                    task,
                                    Topics.TOKEN_GRIDS,
                                    tasks.get(task).getRequest(),
                                    event(tasks.get(task), any.height(), any.width(), grids)));
        }
    }

    private List<DrawnCandidate> draw(
            List<GenerationRequested> tasks, List<Place> batch, Outbox out) {
        try {
            List<Candidate> candidates =
                    batch.stream()
                            .map(place -> candidate(tasks.get(place.task()), place.candidate()))
                            .toList();
            return drawer.draw(candidates, out::keepGoing);
        } catch (RuntimeException e) {
            throw PermanentException.because(ReasonCodes.MODEL_ERROR, "cannot draw", e);
        }
    }

    private static Candidate candidate(GenerationRequested task, int candidate) {
        return new Candidate(
                task.getTextTokens().stream().mapToInt(Integer::intValue).toArray(),
                CandidateSeeds.seed(task.getSeed(), candidate),
                new Sampling(
                        task.getTemperature(), task.getTopK(), task.getTopP(), task.getGuidance()),
                PrimedTokens.fromBytes(EventCodec.bytes(task.getPrimedTokens())));
    }

    private static DrawnGrid grid(GenerationRequested task, int candidate, DrawnCandidate drawn) {
        return new DrawnGrid(
                candidate,
                CandidateSeeds.seed(task.getSeed(), candidate),
                drawn.logProbability(),
                ByteBuffer.wrap(drawn.grid().toBytes()));
    }

    private GridsDrawn event(
            GenerationRequested task, int gridHeight, int gridWidth, List<DrawnGrid> grids) {
        return GridsDrawn.newBuilder()
                .setRequest(task.getRequest())
                .setTextEmbedding(task.getTextEmbedding())
                .setCandidates(task.getCandidates())
                .setTop(task.getTop())
                .setModel(drawer.model())
                .setGridHeight(gridHeight)
                .setGridWidth(gridWidth)
                .setGrids(grids)
                .setTemperature(task.getTemperature())
                .setTopK(task.getTopK())
                .setTopP(task.getTopP())
                .setGuidance(task.getGuidance())
                .build();
    }

    @Override
    public void close() {
        if (drawer != null) {
            drawer.close();
        }
    }
}
