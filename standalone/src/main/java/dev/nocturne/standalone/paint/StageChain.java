package dev.nocturne.standalone.paint;

import dev.nocturne.decoder.PublishStage;
import dev.nocturne.decoder.ScoreStage;
import dev.nocturne.encoder.EncoderStage;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.generator.GeneratorStage;
import dev.nocturne.rerank.Ranking;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.Stage;
import dev.nocturne.runtime.StageException;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;

/**
 * The pipeline's stages in one thread, without topics: what one sends, the next is given.
 *
 * @param scored by request, the candidates so far
 */
record StageChain(
        EncoderStage encoder,
        GeneratorStage generator,
        ScoreStage scorer,
        PublishStage publisher,
        Map<RequestRef, List<ScoredGrid>> scored)
        implements AutoCloseable {

    /**
     * Opens the stages, and closes them in the end.
     *
     * @throws StageException a stage's, if it cannot be opened
     */
    static StageChain open(
            EncoderStage encoder,
            GeneratorStage generator,
            ScoreStage scorer,
            PublishStage publisher) {
        StageChain chain = new StageChain(encoder, generator, scorer, publisher, new HashMap<>());
        chain.stages().forEach(Stage::open);
        return chain;
    }

    private List<Stage<?>> stages() {
        return List.of(encoder, generator, scorer, publisher);
    }

    /**
     * @param finished given each caption's result as soon as all its candidates are in
     * @throws StageException why a stage rejects one of the captions
     */
    void run(List<CaptionSubmitted> captions, Consumer<RequestFinished> finished) {
        List<GenerationRequested> tasks = new ArrayList<>();
        run(encoder, captions, Topics.GENERATION_TASKS, tasks::addAll);
        run(generator, tasks, Topics.TOKEN_GRIDS, grids -> scoreAndPublish(grids, finished));
    }

    private void scoreAndPublish(List<GridsDrawn> grids, Consumer<RequestFinished> finished) {
        List<CandidatesRanked> complete = new ArrayList<>();
        run(
                scorer,
                grids,
                Topics.SCORED_GRIDS,
                events -> events.forEach(event -> ranked(event).ifPresent(complete::add)));
        run(publisher, complete, Topics.RESULTS, results -> results.forEach(finished));
    }

    /** Empty while candidates of the request are missing. */
    private Optional<CandidatesRanked> ranked(GridsScored event) {
        RequestRef request = event.getRequest();
        List<ScoredGrid> candidates = scored.computeIfAbsent(request, first -> new ArrayList<>());
        candidates.addAll(event.getGrids());
        if (candidates.size() < event.getOptions().getCandidates()) {
            return Optional.empty();
        }
        scored.remove(request);
        return Optional.of(Ranking.of(event, candidates));
    }

    /**
     * Gives a stage all events, in batches as it takes them from a topic.
     *
     * @param to what the stage sends elsewhere is dropped
     * @param next given the outputs of each batch before the next batch
     */
    private static <I extends SpecificRecord, O extends SpecificRecord> void run(
            Stage<I> stage, List<I> events, Topic<O> to, Consumer<List<O>> next) {
        int done = 0;
        while (done < events.size()) {
            List<I> waiting =
                    events.subList(done, Math.min(done + stage.maxBatch(), events.size()));
            List<I> batch = waiting.subList(0, stage.take(waiting));
            next.accept(outputs(stage, batch, to));
            done += batch.size();
        }
    }

    private static <I extends SpecificRecord, O extends SpecificRecord> List<O> outputs(
            Stage<I> stage, List<I> batch, Topic<O> to) {
        Outbox out = new Outbox(() -> true);
        stage.process(batch, out);
        for (PermanentException rejection : out.rejections().values()) {
            throw rejection;
        }
        return out.outputs().stream()
                .filter(output -> output.topic() == to)
                .map(output -> to.record().cast(output.event()))
                .toList();
    }

    @Override
    public void close() {
        stages().forEach(Stage::close);
    }
}
