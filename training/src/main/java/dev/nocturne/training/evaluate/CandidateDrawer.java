package dev.nocturne.training.evaluate;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Draws candidates of captions with one model, and ranks them by its CLIP. The models stay the
 * caller's.
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
        List<TokenGrid> grids = new ArrayList<>();
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
            generator.draw(batch, () -> true).forEach(d -> grids.add(d.grid()));
        }
        float[] text = clip.embedText(caption);
        float[] scores = scorer.score(grids, Collections.nCopies(grids.size(), text));
        List<Integer> ranking =
                IntStream.range(0, CANDIDATES)
                        .boxed()
                        .sorted(Comparator.comparingDouble((Integer k) -> -scores[k]))
                        .toList();
        List<BufferedImage> ranked = vae.decode(ranking.stream().map(grids::get).toList());
        return new Drawn(caption, ranked, ranked.get(ranking.indexOf(0)), scores);
    }

    /** Which of the captions CLIP finds in a picture; all are unit vectors. */
    static int closest(float[] image, float[][] texts) {
        return IntStream.range(0, texts.length)
                .boxed()
                .max(Comparator.comparingDouble(i -> Clip.cosine(image, texts[i])))
                .orElseThrow();
    }
}
