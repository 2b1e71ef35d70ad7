package dev.nocturne.training;

import dev.nocturne.models.BpeTokenizer;
import dev.nocturne.models.Candidate;
import dev.nocturne.models.CandidateScorer;
import dev.nocturne.models.CandidateSeeds;
import dev.nocturne.models.Clip;
import dev.nocturne.models.DiscreteVae;
import dev.nocturne.models.GridGenerator;
import dev.nocturne.models.ModelBundle;
import dev.nocturne.models.Pixels;
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
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/**
 * Measures a model on the test split of the emoji art: drawings that no training saw, of concepts
 * it saw in other drawings.
 */
public final class Evaluation {
    private static final int DRAWINGS = 100;
    private static final int CANDIDATES = 16;
    private static final int CAPTIONS = 32;

    private Evaluation() {}

    /**
     * @param psnr of reconstructed test drawings, in decibels
     * @param codebookPerplexity of their tokens
     * @param recallAt1 share of captions whose drawing CLIP ranks first among {@link #DRAWINGS}
     * @param bestOf mean over captions of the best CLIP score among the first N candidates, by N
     */
    public record Report(
            double psnr,
            double codebookPerplexity,
            long codesInUse,
            int codes,
            double recallAt1,
            double recallAt5,
            SortedMap<Integer, Double> bestOf) {}

    /**
     * Writes {@code reconstructions.png} and {@code samples.png} (a caption a row, best first) to
     * {@code out}.
     *
     * @throws dev.nocturne.models.InvalidModelException if a part of the model is missing or
     *     damaged
     */
    public static Report run(Path model, Path out) throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        ArtData art = ArtData.load(out.resolve("art"), bundle.imageSize());
        List<Example> examples = art.heldOut(Split.TEST, DRAWINGS, Placement.LOOSE);
        List<String> captions = examples.stream().map(Example::caption).toList();
        List<BufferedImage> pictures =
                examples.stream()
                        .map(example -> Pixels.picture(example.rgb(), bundle.imageSize()))
                        .toList();
        Files.createDirectories(out);

        Reconstruction reconstruction;
        try (DiscreteVae vae = bundle.dvae()) {
            reconstruction = Reconstruction.measure(vae, pictures);
        }
        ImageIO.write(reconstruction.sheet(), "png", out.resolve("reconstructions.png").toFile());
        Retrieval retrieval;
        try (Clip clip = bundle.clip()) {
            retrieval = Retrieval.measure(clip, captions, pictures);
        }
        SortedMap<Integer, Double> bestOf =
                bestOf(bundle, captions.subList(0, CAPTIONS), out.resolve("samples.png"));
        return new Report(
                reconstruction.psnr(),
                reconstruction.perplexity(),
                reconstruction.codesInUse(),
                bundle.dvaeArchitecture().vocabulary(),
                retrieval.recall(1),
                retrieval.recall(5),
                bestOf);
    }

    private static SortedMap<Integer, Double> bestOf(
            ModelBundle bundle, List<String> captions, Path sheet) throws IOException {
        SortedMap<Integer, Double> means = new TreeMap<>();
        List<List<BufferedImage>> rows = new ArrayList<>();
        BpeTokenizer tokenizer = bundle.tokenizer();
        Sampling sampling = new Sampling(1, 0, 1, bundle.guidance(null));
        try (GridGenerator generator = bundle.generator(CANDIDATES);
                CandidateScorer scorer = bundle.scorer();
                Clip clip = bundle.clip();
                DiscreteVae vae = bundle.dvae()) {
            for (String caption : captions) {
                List<Candidate> candidates =
                        IntStream.range(0, CANDIDATES)
                                .mapToObj(
                                        k ->
                                                new Candidate(
                                                        tokenizer.encode(caption),
                                                        CandidateSeeds.seed(1, k),
                                                        sampling,
                                                        new int[0]))
                                .toList();
                List<TokenGrid> grids = new ArrayList<>();
                generator.draw(candidates, () -> true).forEach(drawn -> grids.add(drawn.grid()));
                float[] text = clip.embedText(caption);
                float[] scores = scorer.score(grids, grids.stream().map(grid -> text).toList());
                double best = Double.NEGATIVE_INFINITY;
                for (int n = 1; n <= CANDIDATES; n++) {
                    best = Math.max(best, scores[n - 1]);
                    if (Integer.bitCount(n) == 1) {
                        means.merge(n, best / captions.size(), Double::sum);
                    }
                }
                List<TokenGrid> ranked =
                        IntStream.range(0, CANDIDATES)
                                .boxed()
                                .sorted(Comparator.comparingDouble((Integer k) -> -scores[k]))
                                .map(grids::get)
                                .toList();
                rows.add(vae.decode(ranked));
            }
        }
        ImageIO.write(Pictures.sheet(rows), "png", sheet.toFile());
        return means;
    }
}
