package dev.nocturne.training.evaluate;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.training.data.CaptionCut;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.dataset.DataOptions;
import dev.nocturne.training.dataset.OwnData;
import dev.nocturne.training.dataset.OwnPictures;
import dev.nocturne.training.dataset.Storage;
import dev.nocturne.training.measure.FeatureDistance;
import dev.nocturne.training.measure.Inception;
import dev.nocturne.training.measure.Pictures;
import dev.nocturne.training.measure.Reconstruction;
import dev.nocturne.training.measure.Retrieval;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Measures a model on captioned pictures as the paper does (Ramesh et al. 2021, sections 2 and 3):
 * how the dVAE renders them, how CLIP matches them, and how near pictures that are drawn of their
 * captions come to them.
 */
public final class DataEvaluation {
    /** In pixels; the last ones leave little more than colours (figure 9c). */
    private static final double[] BLURS = {0, 1, 2, 4};

    /** Captions of which more candidates are drawn, for the curve, and how many. */
    private static final int CURVE_CAPTIONS = 32;

    private static final int CURVE_CANDIDATES = 64;

    private static final int CLIP_BATCH = 32;

    /**
     * What is measured, and on what.
     *
     * @param pictures the most that are measured on: of the share that is held out
     * @param inception weights of Inception v3; empty: distances by CLIP's features alone
     */
    public record Settings(
            DataOptions data, Storage storage, int pictures, Optional<Path> inception) {}

    private final ModelBundle bundle;
    private final DiscreteVae vae;
    private final Clip clip;
    private final CandidateDrawer drawer;
    private final List<String> captions;
    private final List<BufferedImage> real;

    private DataEvaluation(
            ModelBundle bundle,
            DiscreteVae vae,
            Clip clip,
            CandidateDrawer drawer,
            List<Example> examples) {
        this.bundle = bundle;
        this.vae = vae;
        this.clip = clip;
        this.drawer = drawer;
        this.captions = examples.stream().map(Example::caption).toList();
        this.real =
                examples.stream()
                        .map(example -> Pixels.picture(example.rgb(), bundle.imageSize()))
                        .toList();
    }

    /**
     * Writes {@code index.html} and its pictures to {@code out}.
     *
     * @throws dev.nocturne.models.format.InvalidModelException if a part of the model is missing or
     *     damaged
     * @throws IOException if there are fewer than two captioned pictures, or more is left out than
     *     may be
     */
    public static DataReport run(Path model, Settings settings, Path out, PrintStream log)
            throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        Files.createDirectories(out);
        try (DiscreteVae vae = bundle.dvae();
                Clip clip = bundle.clip();
                GridGenerator generator = bundle.generator(CandidateDrawer.CANDIDATES)) {
            CandidateDrawer drawer = new CandidateDrawer(bundle, generator, vae, clip);
            List<Example> examples = examples(settings, bundle, drawer, out, log);
            return new DataEvaluation(bundle, vae, clip, drawer, examples)
                    .run(settings.inception(), out);
        }
    }

    private static List<Example> examples(
            Settings settings,
            ModelBundle bundle,
            CandidateDrawer drawer,
            Path out,
            PrintStream log)
            throws IOException {
        OwnData data = OwnData.open(settings.data(), settings.storage(), out.resolve("data"), log);
        try (OwnPictures pictures =
                data.pictures(
                        bundle.imageSize(),
                        1,
                        caption -> CaptionCut.cut(caption, drawer::canRead))) {
            List<Example> examples =
                    pictures.heldOut(settings.pictures()).stream()
                            .filter(example -> !example.caption().isBlank())
                            .toList();
            if (examples.size() < 2) {
                throw new IOException(
                        "%s: %d captioned pictures are held out, too few to measure on: give a larger --held-out, of pictures that the model was not trained on up to 0.99"
                                .formatted(settings.data().place(), examples.size()));
            }
            return examples;
        }
    }

    private DataReport run(Optional<Path> inception, Path out) throws IOException {
        Reconstruction reconstruction = Reconstruction.measure(vae, real);
        Retrieval retrieval = Retrieval.measure(clip, captions, real);
        List<Drawn> drawn = new ArrayList<>();
        for (int i = 0; i < captions.size(); i++) {
            drawn.add(
                    drawer.draw(
                            captions.get(i),
                            i < CURVE_CAPTIONS ? CURVE_CANDIDATES : CandidateDrawer.CANDIDATES));
        }
        List<BufferedImage> first = drawn.stream().map(Drawn::first).toList();
        List<BufferedImage> best = drawn.stream().map(Drawn::best).toList();
        float[][] texts = captions.stream().map(clip::embedText).toArray(float[][]::new);
        float[][] firstSeen = embedded(first);
        float[][] bestSeen = embedded(best);
        DataReport report =
                new DataReport(
                        bundle.id(),
                        bundle.sampling(null, 0, 1, null),
                        real.size(),
                        reconstruction.psnr(),
                        reconstruction.ssim(),
                        reconstruction.perplexity(),
                        reconstruction.codesInUse(),
                        vae.vocabulary(),
                        retrieval.recall(1),
                        retrieval.recall(5),
                        accuracy(firstSeen, texts),
                        accuracy(bestSeen, texts),
                        score(embedded(real), texts),
                        score(firstSeen, texts),
                        score(bestSeen, texts),
                        Drawn.bestOf(drawn.subList(0, Math.min(CURVE_CAPTIONS, drawn.size()))),
                        distances(reconstruction.pictures(), first, best, inception));
        DataPage.write(out, report, reconstruction.sheet(), real, drawn);
        return report;
    }

    private List<DataReport.Distance> distances(
            List<BufferedImage> reconstructed,
            List<BufferedImage> first,
            List<BufferedImage> best,
            Optional<Path> inception)
            throws IOException {
        Map<String, List<BufferedImage>> sets = new LinkedHashMap<>();
        sets.put("after the dVAE", reconstructed);
        sets.put("one picture", first);
        sets.put("best of 16", best);
        List<DataReport.Distance> distances =
                new ArrayList<>(distances("CLIP", this::embedded, sets));
        if (inception.isPresent()) {
            try (Inception network = Inception.open(inception.get())) {
                distances.addAll(distances("Inception", network::features, sets));
            }
        }
        return distances;
    }

    private List<DataReport.Distance> distances(
            String name,
            Function<List<BufferedImage>, float[][]> features,
            Map<String, List<BufferedImage>> sets) {
        List<DataReport.Distance> distances = new ArrayList<>();
        for (double blur : BLURS) {
            float[][] ofReal = features.apply(blurred(real, blur));
            sets.forEach(
                    (of, pictures) ->
                            distances.add(
                                    new DataReport.Distance(
                                            name,
                                            of,
                                            blur,
                                            FeatureDistance.of(
                                                    ofReal,
                                                    features.apply(blurred(pictures, blur))))));
        }
        return distances;
    }

    private static List<BufferedImage> blurred(List<BufferedImage> pictures, double blur) {
        return pictures.stream().map(picture -> Pictures.blurred(picture, blur)).toList();
    }

    private float[][] embedded(List<BufferedImage> pictures) {
        List<float[]> all = new ArrayList<>();
        for (int from = 0; from < pictures.size(); from += CLIP_BATCH) {
            int end = Math.min(from + CLIP_BATCH, pictures.size());
            all.addAll(List.of(clip.embedImages(pictures.subList(from, end))));
        }
        return all.toArray(float[][]::new);
    }

    private double accuracy(float[][] images, float[][] texts) {
        // two pictures may have one caption
        return IntStream.range(0, images.length)
                        .filter(
                                i ->
                                        captions.get(CandidateDrawer.closest(images[i], texts))
                                                .equals(captions.get(i)))
                        .count()
                / (double) images.length;
    }

    private static double score(float[][] images, float[][] texts) {
        return IntStream.range(0, images.length)
                .mapToDouble(i -> Clip.cosine(images[i], texts[i]))
                .average()
                .orElseThrow();
    }
}
