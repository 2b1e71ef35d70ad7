package dev.nocturne.decoder;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.FatalException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The dVAE decoder and CLIP image tower of a model bundle. */
record BundleGridScorer(String model, int gridSize, int embeddingSize, CandidateScorer scorer)
        implements GridScorer {

    /**
     * @throws FatalException if the bundle is missing or broken
     */
    static GridScorer open(Path directory) {
        try {
            ModelBundle bundle = ModelBundle.open(directory);
            int gridSize = bundle.imageSize() / bundle.dvaeArchitecture().downsampling();
            int embeddingSize = bundle.clipArchitecture().embedding();
            return new BundleGridScorer(bundle.id(), gridSize, embeddingSize, bundle.scorer());
        } catch (IOException e) {
            throw new FatalException(e.getMessage(), e);
        }
    }

    @Override
    public float[] score(List<TokenGrid> grids, List<float[]> textEmbeddings) {
        return scorer.score(grids, textEmbeddings);
    }

    @Override
    public void close() {
        scorer.close();
    }
}
