package dev.nocturne.decoder;

import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.models.clip.Embeddings;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.BundleStage;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Token grids to scored grids; the pixels in between are dropped. Where the model has no CLIP they
 * go on without a score.
 */
public final class ScoreStage implements BundleStage<GridsDrawn> {

    /** In one call, if no single event has more: fills the processor, and is soon done. */
    private static final int MAX_GRIDS = 32;

    private final Supplier<GridScorer> open;
    private GridScorer scorer;

    ScoreStage(Supplier<GridScorer> open) {
        this.open = open;
    }

    /**
     * @param model directory of a model bundle
     */
    public static ScoreStage of(Path model) {
        return new ScoreStage(() -> BundleGridScorer.open(model));
    }

    @Override
    public String name() {
        return "scorer";
    }

    @Override
    public Topic<GridsDrawn> input() {
        return Topics.TOKEN_GRIDS;
    }

    @Override
    public RequestRef request(GridsDrawn drawn) {
        return drawn.getRequest();
    }

    @Override
    public String bundle() {
        return scorer.model();
    }

    @Override
    public String madeBy(GridsDrawn drawn) {
        return drawn.getModel();
    }

    /** They were published in the order of their candidates. */
    @Override
    public boolean isLastOfRequest(GridsDrawn drawn) {
        return drawn.getGrids().stream()
                .anyMatch(grid -> grid.getCandidate() == drawn.getOptions().getCandidates() - 1);
    }

    @Override
    public int maxBatch() {
        return MAX_GRIDS;
    }

    @Override
    public int take(List<GridsDrawn> waiting) {
        return Grids.take(waiting, MAX_GRIDS, drawn -> drawn.getGrids().size());
    }

    @Override
    public void open() {
        scorer = open.get();
    }

    @Override
    public void process(List<GridsDrawn> batch, Outbox out) {
        float[] scores = scorer.hasClip() ? scores(batch) : null;
        int first = 0;
        for (int i = 0; i < batch.size(); i++) {
            GridsDrawn drawn = batch.get(i);
            out.send(i, Topics.SCORED_GRIDS, drawn.getRequest(), scored(drawn, scores, first));
            first += drawn.getGrids().size();
        }
    }

    private float[] scores(List<GridsDrawn> batch) {
        List<TokenGrid> grids = new ArrayList<>();
        List<float[]> textEmbeddings = new ArrayList<>();
        List<Double> logProbabilities = new ArrayList<>();
        for (GridsDrawn drawn : batch) {
            float[] textEmbedding =
                    Embeddings.fromBytes(EventCodec.bytes(drawn.getTextEmbedding()));
            for (DrawnGrid grid : drawn.getGrids()) {
                grids.add(
                        Grids.grid(drawn.getGridHeight(), drawn.getGridWidth(), grid.getTokens()));
                textEmbeddings.add(textEmbedding);
                logProbabilities.add(grid.getLogProbability());
            }
        }
        return score(
                grids,
                textEmbeddings,
                logProbabilities.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private float[] score(
            List<TokenGrid> grids, List<float[]> textEmbeddings, double[] logProbabilities) {
        try {
            return scorer.score(grids, textEmbeddings, logProbabilities);
        } catch (RuntimeException e) {
            throw PermanentException.because(ReasonCodes.MODEL_ERROR, "cannot score", e);
        }
    }

    /**
     * @param scores null where there is no CLIP
     * @param first index of the event's first grid in {@code scores}
     */
    private static GridsScored scored(GridsDrawn drawn, float[] scores, int first) {
        List<ScoredGrid> grids = new ArrayList<>();
        for (DrawnGrid grid : drawn.getGrids()) {
            grids.add(
                    new ScoredGrid(
                            grid.getCandidate(),
                            grid.getSeed(),
                            grid.getLogProbability(),
                            scores == null ? null : scores[first + grids.size()],
                            grid.getTokens()));
        }
        return GridsScored.newBuilder()
                .setRequest(drawn.getRequest())
                .setModel(drawn.getModel())
                .setGridHeight(drawn.getGridHeight())
                .setGridWidth(drawn.getGridWidth())
                .setGrids(grids)
                .setOptions(drawn.getOptions())
                .build();
    }

    @Override
    public void selfTest() {
        if (!scorer.hasClip()) {
            return;
        }
        float[] embedding = new float[scorer.embeddingSize()];
        embedding[0] = 1;
        float score =
                score(List.of(Grids.blank(scorer.gridSize())), List.of(embedding), new double[1])[
                        0];
        if (!Float.isFinite(score)) {
            throw new IllegalStateException("a blank grid has the score " + score);
        }
    }

    @Override
    public void close() {
        if (scorer != null) {
            scorer.close();
        }
    }
}
