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
     * @return cosine of the CLIP embeddings, one for each grid
     */
    float[] score(List<TokenGrid> grids, List<float[]> textEmbeddings);

    @Override
    void close();
}
