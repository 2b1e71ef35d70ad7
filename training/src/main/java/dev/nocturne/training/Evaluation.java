package dev.nocturne.training;

import dev.nocturne.models.Candidate;
import dev.nocturne.models.CandidateScorer;
import dev.nocturne.models.CandidateSeeds;
import dev.nocturne.models.CaptionTokenizer;
import dev.nocturne.models.Clip;
import dev.nocturne.models.DiscreteVae;
import dev.nocturne.models.GridGenerator;
import dev.nocturne.models.ModelBundle;
import dev.nocturne.models.Pixels;
import dev.nocturne.models.PrimedTokens;
import dev.nocturne.models.Sampling;
import dev.nocturne.models.TokenGrid;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.data.ExampleSource.Placement;
import dev.nocturne.training.data.Split;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Measures a model on the test split of the emoji art: drawings that no training saw, of concepts
 * it saw in other drawings, and pictures that it draws of their captions.
 */
public final class Evaluation {
    private static final int CANDIDATES = 16;

    private final ModelBundle bundle;
    private final ArtData art;
    private final Size size;

    /**
     * How much is measured.
     *
     * @param drawings held-out drawings, and as many captions to draw
     * @param curveCaptions captions of which more candidates are drawn, for the best-of-N curve
     * @param curveCandidates the most candidates of that curve; at least 16
     */
    public record Size(int drawings, int curveCaptions, int curveCandidates) {
        /** What figures about a model are stated for. */
        public static final Size FULL = new Size(100, 32, 64);
    }

    /**
     * @param psnr of reconstructed test drawings, in decibels
     * @param ssim of the same, mean structural similarity of luma
     * @param codebookPerplexity of their tokens
     * @param recallAt1 share of captions whose drawing CLIP ranks first among all test drawings
     * @param captionAccuracy share of drawn pictures of which CLIP finds the right one among the
     *     captions of all test drawings; the first candidate of each caption
     * @param captionAccuracyBest the same for the best of 16 candidates. The judge is the CLIP that
     *     chose the best, so this flatters the choice
     * @param nearestTraining mean over those best pictures of the correlation with the training
     *     drawing that is most like it
     * @param bestOf mean over captions of the best CLIP score among the first N candidates, by N
     */
    public record Report(
            String model,
            Sampling sampling,
            double psnr,
            double ssim,
            double codebookPerplexity,
            long codesInUse,
            int codes,
            double recallAt1,
            double recallAt5,
            double captionAccuracy,
            double captionAccuracyBest,
            double nearestTraining,
            SortedMap<Integer, Double> bestOf) {}

    /**
     * What was drawn of a caption.
     *
     * @param ranked best first
     * @param scores in the order drawn
     */
    record Drawn(
            String caption,
            List<BufferedImage> ranked,
            float[] scores,
            boolean firstRecognised,
            boolean bestRecognised,
            Nearest.Match nearest) {}

    private Evaluation(ModelBundle bundle, ArtData art, Size size) {
        this.bundle = bundle;
        this.art = art;
        this.size = size;
    }

    /**
     * Writes {@code index.html} and its pictures to {@code out}.
     *
     * @throws dev.nocturne.models.InvalidModelException if a part of the model is missing or
     *     damaged
     */
    public static Report run(Path model, Path out, Size size) throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        ArtData art = ArtData.load(out.resolve("art"), bundle.imageSize());
        Files.createDirectories(out);
        return new Evaluation(bundle, art, size).run(out);
    }

    private Report run(Path out) throws IOException {
        List<Example> examples = art.heldOut(Split.TEST, size.drawings, Placement.LOOSE);
        List<String> captions = examples.stream().map(Example::caption).toList();
        List<BufferedImage> pictures =
                examples.stream()
                        .map(example -> Pixels.picture(example.rgb(), bundle.imageSize()))
                        .toList();
        Reconstruction reconstruction;
        try (DiscreteVae vae = bundle.dvae()) {
            reconstruction = Reconstruction.measure(vae, pictures);
        }
        Retrieval retrieval;
        try (Clip clip = bundle.clip()) {
            retrieval = Retrieval.measure(clip, captions, pictures);
        }
        List<Drawn> drawn = draw(captions);
        int curveCaptions = Math.min(size.curveCaptions, captions.size());
        Report report =
                new Report(
                        bundle.id(),
                        bundle.sampling(null, 0, 1, null),
                        reconstruction.psnr(),
                        reconstruction.ssim(),
                        reconstruction.perplexity(),
                        reconstruction.codesInUse(),
                        bundle.dvaeArchitecture().vocabulary(),
                        retrieval.recall(1),
                        retrieval.recall(5),
                        share(drawn, Drawn::firstRecognised),
                        share(drawn, Drawn::bestRecognised),
                        drawn.stream()
                                .mapToDouble(d -> d.nearest().correlation())
                                .average()
                                .orElseThrow(),
                        bestOf(drawn.subList(0, curveCaptions)));
        EvaluationPage.write(out, report, reconstruction.sheet(), drawn);
        return report;
    }

    private static double share(List<Drawn> drawn, Predicate<Drawn> recognised) {
        return drawn.stream().filter(recognised).count() / (double) drawn.size();
    }

    private List<Drawn> draw(List<String> captions) throws IOException {
        Sampling sampling = bundle.sampling(null, 0, 1, null);
        CaptionTokenizer tokenizer = bundle.tokenizer();
        Nearest nearest = new Nearest(art.trainingPictures());
        List<Drawn> all = new ArrayList<>();
        try (GridGenerator generator = bundle.generator(CANDIDATES);
                CandidateScorer scorer = bundle.scorer();
                Clip clip = bundle.clip();
                DiscreteVae vae = bundle.dvae()) {
            float[][] texts = captions.stream().map(clip::embedText).toArray(float[][]::new);
            for (int caption = 0; caption < captions.size(); caption++) {
                int[] tokens = tokenizer.encode(captions.get(caption));
                float[] text = texts[caption];
                int count = caption < size.curveCaptions ? size.curveCandidates : CANDIDATES;
                List<TokenGrid> grids = new ArrayList<>();
                for (int from = 0; from < count; from += CANDIDATES) {
                    List<Candidate> batch =
                            IntStream.range(from, Math.min(from + CANDIDATES, count))
                                    .mapToObj(
                                            k ->
                                                    new Candidate(
                                                            tokens,
                                                            CandidateSeeds.seed(1, k),
                                                            sampling,
                                                            PrimedTokens.NONE))
                                    .toList();
                    generator.draw(batch, () -> true).forEach(d -> grids.add(d.grid()));
                }
                float[] scores = scorer.score(grids, grids.stream().map(grid -> text).toList());
                List<Integer> ranking =
                        IntStream.range(0, CANDIDATES)
                                .boxed()
                                .sorted(Comparator.comparingDouble((Integer k) -> -scores[k]))
                                .toList();
                List<BufferedImage> best = vae.decode(ranking.stream().map(grids::get).toList());
                BufferedImage first = best.get(ranking.indexOf(0));
                float[][] images = clip.embedImages(List.of(first, best.get(0)));
                all.add(
                        new Drawn(
                                captions.get(caption),
                                best,
                                scores,
                                closest(images[0], texts) == caption,
                                closest(images[1], texts) == caption,
                                nearest.to(best.get(0))));
            }
        }
        return all;
    }

    private static int closest(float[] image, float[][] texts) {
        return IntStream.range(0, texts.length)
                .boxed()
                .max(Comparator.comparingDouble(i -> Clip.cosine(image, texts[i])))
                .orElseThrow();
    }

    private static SortedMap<Integer, Double> bestOf(List<Drawn> drawn) {
        SortedMap<Integer, Double> means = new TreeMap<>();
        for (Drawn one : drawn) {
            double best = Double.NEGATIVE_INFINITY;
            for (int n = 1; n <= one.scores.length; n++) {
                best = Math.max(best, one.scores[n - 1]);
                if (Integer.bitCount(n) == 1) {
                    means.merge(n, best / drawn.size(), Double::sum);
                }
            }
        }
        return means;
    }
}
