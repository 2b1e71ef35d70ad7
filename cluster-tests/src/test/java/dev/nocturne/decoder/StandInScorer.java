package dev.nocturne.decoder;

import dev.nocturne.models.picture.TokenGrid;
import java.util.List;

/**
 * In place of CLIP: every grid has the score 0, at once.
 *
 * @param model id of the model bundle that it stands for
 * @param gridSize tokens along each side of a grid
 */
public record StandInScorer(String model, int gridSize) implements GridScorer {

    /** A stage that scores with it. */
    public ScoreStage stage() {
        return new ScoreStage(() -> this);
    }

    @Override
    public boolean hasClip() {
        return true;
    }

    @Override
    public int embeddingSize() {
        return 1;
    }

    @Override
    public float[] score(
            List<TokenGrid> grids, List<float[]> textEmbeddings, double[] logProbabilities) {
        return new float[grids.size()];
    }

    @Override
    public void close() {}
}
