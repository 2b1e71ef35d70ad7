package dev.nocturne.decoder;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.FatalException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The dVAE decoder and CLIP image tower of a model bundle.
 *
 * @param clip null if the bundle has no CLIP, as {@code scorer}
 */
record BundleGridScorer(String model, int gridSize, ClipArchitecture clip, CandidateScorer scorer)
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
                            bundle.id(), gridSize, bundle.clipArchitecture(), bundle.scorer())
                    : new BundleGridScorer(bundle.id(), gridSize, null, null);
        } catch (IOException e) {
            throw new FatalException(e.getMessage(), e);
        }
    }

    @Override
    public boolean hasClip() {
        return scorer != null;
    }

    @Override
    public int embeddingSize() {
        return clip.embedding();
    }

    @Override
    public float[] score(
            List<TokenGrid> grids, List<float[]> textEmbeddings, double[] logProbabilities) {
        float[] scores = scorer.score(grids, textEmbeddings);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = clip.score(scores[i], logProbabilities[i], grids.get(i).tokens().length);
        }
        return scores;
    }

    @Override
    public void close() {
        if (scorer != null) {
            scorer.close();
        }
    }
}
