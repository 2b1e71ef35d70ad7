package dev.nocturne.decoder;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.FatalException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The dVAE decoder and CLIP image tower of a model bundle.
 *
 * @param embeddingSize 0 if the bundle has no CLIP
 * @param scorer null if the bundle has no CLIP
 */
record BundleGridScorer(String model, int gridSize, int embeddingSize, CandidateScorer scorer)
        implements GridScorer {

    /**
     * @throws FatalException if the bundle is missing or broken
     */
    static GridScorer open(Path directory) {
        try {
            ModelBundle bundle = ModelBundle.open(directory);
            int gridSize = bundle.imageSize() / bundle.dvaeArchitecture().downsampling();
            return bundle.hasClip()
                    ? new BundleGridScorer(
                            bundle.id(),
                            gridSize,
                            bundle.clipArchitecture().embedding(),
                            bundle.scorer())
                    : new BundleGridScorer(bundle.id(), gridSize, 0, null);
        } catch (IOException e) {
            throw new FatalException(e.getMessage(), e);
        }
    }

    @Override
    public boolean hasClip() {
        return scorer != null;
    }

    @Override
    public float[] score(List<TokenGrid> grids, List<float[]> textEmbeddings) {
        return scorer.score(grids, textEmbeddings);
    }

    @Override
    public void close() {
        if (scorer != null) {
            scorer.close();
        }
    }
}
