package dev.nocturne.decoder;

import dev.nocturne.models.picture.TokenGrid;
import java.util.List;

/** How well grids fit captions. Belongs to one thread. */
interface GridScorer extends AutoCloseable {

    /** Id of the model bundle. */
    String model();

    /** Tokens along each side of a grid. */
    int gridSize();

    /** Whether there is a CLIP; without one nothing is scored. */
    boolean hasClip();

    /** Numbers of a CLIP embedding. */
    int embeddingSize();

    /**
     * @param textEmbeddings one for each grid
     * @param logProbabilities of each grid's tokens given the caption
     * @return cosine of the CLIP embeddings and what the model adds for likelihood, one for each
     *     grid
     */
    float[] score(List<TokenGrid> grids, List<float[]> textEmbeddings, double[] logProbabilities);

    @Override
    void close();
}
