package dev.nocturne.training.evaluate;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Draws candidates of captions with one model, and ranks them as the pipeline does. The models stay
 * the caller's.
 */
final class CandidateDrawer {
    /** How many are drawn together, and how many are ranked. */
    static final int CANDIDATES = 16;

    private final Sampling sampling;
    private final CaptionTokenizer tokenizer;
    private final GridGenerator generator;
    private final DiscreteVae vae;
    private final Clip clip;
    private final CandidateScorer scorer;
    private final ClipArchitecture ranking;

    /**
     * @param generator of batches of {@link #CANDIDATES}
     */
    CandidateDrawer(ModelBundle bundle, GridGenerator generator, DiscreteVae vae, Clip clip)
            throws IOException {
        this.sampling = bundle.sampling(null, 0, 1, null);
        this.tokenizer = bundle.tokenizer();
        this.generator = generator;
        this.vae = vae;
        this.clip = clip;
        // not closed: both models are the caller's
        this.scorer = new CandidateScorer(vae, clip);
        this.ranking = bundle.clipArchitecture();
    }

    /** Whether the transformer and CLIP can both read a caption. */
    boolean canRead(String caption) {
        try {
            clip.embedText(caption);
            tokenizer.encode(caption);
            return true;
        } catch (CaptionTooLongException e) {
            return false;
        }
    }

    /** Draws so many candidates, at least 16, and ranks the first 16 of them. */
    Drawn draw(String caption, int count) {
        int[] tokens = tokenizer.encode(caption);
        List<DrawnCandidate> drawn = new ArrayList<>();
        for (int from = 0; from < count; from += CANDIDATES) {
            List<Candidate> batch =
                    IntStream.range(from, Math.min(from + CANDIDATES, count))
                            .mapToObj(
                                    k ->
                                            new Candidate(
                                                    tokens,
                                                    CandidateSeeds.mixed(1, k),
                                                    sampling,
                                                    PrimedTokens.NONE))
                            .toList();
            drawn.addAll(generator.draw(batch, () -> true));
        }
        List<TokenGrid> grids = drawn.stream().map(DrawnCandidate::grid).toList();
        double[] logProbabilities =
                drawn.stream().mapToDouble(DrawnCandidate::logProbability).toArray();
        float[] text = clip.embedText(caption);
        float[] cosines = scorer.score(grids, Collections.nCopies(grids.size(), text));
        float[] scores = new float[CANDIDATES];
        for (int k = 0; k < CANDIDATES; k++) {
            scores[k] =
                    ranking.score(cosines[k], logProbabilities[k], grids.get(k).tokens().length);
        }
        return new Drawn(
                caption,
                vae.decode(grids.subList(0, CANDIDATES)),
                scores,
                Arrays.copyOf(logProbabilities, CANDIDATES),
                cosines);
    }

    /** Which of the captions CLIP finds in a picture; all are unit vectors. */
    static int closest(float[] image, float[][] texts) {
        return IntStream.range(0, texts.length)
                .boxed()
                .max(Comparator.comparingDouble(i -> Clip.cosine(image, texts[i])))
                .orElseThrow();
    }
}
