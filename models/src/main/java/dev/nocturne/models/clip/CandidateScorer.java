package dev.nocturne.models.clip;

import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.TokenGrid;
import java.util.List;

/**
 * Scores token grids against captions: decodes them and embeds the pictures without bringing the
 * pixels to Java.
 *
 * <p>Belongs to one thread at a time; the caller closes it, which closes both models.
 */
public final class CandidateScorer implements AutoCloseable {
    private final DiscreteVae vae;
    private final Clip clip;

    /** Takes ownership of both models. */
    public CandidateScorer(DiscreteVae vae, Clip clip) {
        this.vae = vae;
        this.clip = clip;
    }

    /**
     * Scores any number of grids, as many at a time as the dVAE's memory allows.
     *
     * @param grids of the dVAE's {@code [gridSize, gridSize]} tokens
     * @param textEmbeddings for each grid the unit vector {@code [embedding]} of its caption
     * @return for each grid the cosine of its picture and its caption, {@code [grids]}, -1 to 1
     * @throws IllegalArgumentException if there are not as many embeddings as grids, or if grids or
     *     embeddings are another model's
     */
    public float[] score(List<TokenGrid> grids, List<float[]> textEmbeddings) {
        if (grids.size() != textEmbeddings.size()) {
            throw new IllegalArgumentException(
                    grids.size() + " grids but " + textEmbeddings.size() + " text embeddings");
        }
        float[] scores = new float[grids.size()];
        int microBatch = vae.microBatch();
        for (int from = 0; from < grids.size(); from += microBatch) {
            List<TokenGrid> batch = grids.subList(from, Math.min(grids.size(), from + microBatch));
            try (IValue pixels = vae.renderNative(batch)) {
                float[][] pictures = clip.embedNative(pixels, batch.size());
                for (int i = 0; i < batch.size(); i++) {
                    scores[from + i] = Clip.cosine(pictures[i], textEmbeddings.get(from + i));
                }
            }
        }
        return scores;
    }

    @Override
    public void close() {
        vae.close();
        clip.close();
    }
}
