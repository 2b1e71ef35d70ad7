package dev.nocturne.training.evaluate;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.upscaler.Upscaler;
import dev.nocturne.models.upscaler.UpscalerFamily;
import dev.nocturne.training.data.ArtData;
import dev.nocturne.training.data.AskedScene;
import dev.nocturne.training.data.AskedScene.Kind;
import dev.nocturne.training.data.Drawing;
import dev.nocturne.training.data.ExampleSource.Placement;
import dev.nocturne.training.data.Split;
import dev.nocturne.training.data.Sprite;
import dev.nocturne.training.measure.Enlargement;
import dev.nocturne.training.measure.Nearest;
import dev.nocturne.training.measure.Reconstruction;
import dev.nocturne.training.measure.Retrieval;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Measures a model on the test split of the emoji art: drawings that no training saw, of concepts
 * it saw in other drawings, and pictures that it draws of their captions; and on scenes of two
 * objects in combinations that no training saw.
 */
public final class Evaluation {
    private final ModelBundle bundle;
    private final ArtData art;
    private final Size size;
    private final DiscreteVae vae;
    private final Clip clip;
    private final CandidateDrawer drawer;
    private final Judge judge;
    private final Nearest nearest;

    /**
     * How much is measured.
     *
     * @param drawings held-out drawings, and as many captions to draw
     * @param curveCaptions captions of which more candidates are drawn, for the best-of-N curve
     * @param curveCandidates the most candidates of that curve; at least 16
     * @param scenes of each kind
     */
    public record Size(int drawings, int curveCaptions, int curveCandidates, int scenes) {
        /** What figures about a model are stated for. */
        public static final Size FULL = new Size(100, 32, 64, 40);
    }

    /** Whether the caption was found among all: for the picture drawn first, for the best. */
    record Recognised(boolean first, boolean best) {}

    /**
     * What was drawn of a held-out drawing's caption, and what it is worth.
     *
     * @param right whether the judge finds the caption, of each candidate
     */
    record Single(Drawn drawn, Recognised byClip, boolean[] right, Nearest.Match nearest) {
        Recognised byJudge() {
            return new Recognised(
                    right[0], right[FirstChoice.first(right.length, k -> drawn.scores()[k])]);
        }
    }

    /**
     * What was drawn of a scene, and what it is worth.
     *
     * @param real the scene composed of drawings, as the dVAE renders it
     * @param nearest to the halves of the best, that of the first object first
     */
    record Scene<V>(
            Drawn drawn,
            BufferedImage real,
            V first,
            V best,
            V ofReal,
            List<Nearest.Match> nearest) {}

    /** What of a scene a picture shows, judged by the known drawings. */
    private interface Verdict<V> {
        V of(AskedScene scene, BufferedImage picture, Predicate<Drawing> known);
    }

    private Evaluation(
            ModelBundle bundle,
            ArtData art,
            Size size,
            DiscreteVae vae,
            Clip clip,
            GridGenerator generator)
            throws IOException {
        this.bundle = bundle;
        this.art = art;
        this.size = size;
        this.vae = vae;
        this.clip = clip;
        this.drawer = new CandidateDrawer(bundle, generator, vae, clip);
        this.nearest = new Nearest(art.pictures(art.sprites(Split.TRAIN)));
        List<Sprite> all = art.judged();
        this.judge =
                new Judge(
                        all.stream().map(Sprite::drawing).toList(),
                        Reconstruction.of(vae, art.pictures(all)));
    }

    /**
     * Writes {@code index.html} and its pictures to {@code out}.
     *
     * @throws dev.nocturne.models.format.InvalidModelException if a part of the model is missing or
     *     damaged
     */
    public static EvaluationReport run(Path model, Path out, Size size) throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        ArtData art = ArtData.load(out.resolve("art"), bundle.imageSize());
        Files.createDirectories(out);
        try (DiscreteVae vae = bundle.dvae();
                Clip clip = bundle.clip();
                GridGenerator generator = bundle.generator(CandidateDrawer.CANDIDATES)) {
            return new Evaluation(bundle, art, size, vae, clip, generator).run(out);
        }
    }

    private EvaluationReport run(Path out) throws IOException {
        List<Drawing> drawings =
                art.heldOut(Split.TEST, size.drawings).stream().map(Sprite::drawing).toList();
        List<String> captions = drawings.stream().map(Drawing::caption).toList();
        List<BufferedImage> pictures = pictures(art, bundle.imageSize());
        Reconstruction reconstruction = Reconstruction.measure(vae, pictures);
        Retrieval retrieval = Retrieval.measure(clip, captions, pictures);
        Optional<Enlargement> enlargement = enlargement();
        List<Single> singles = singles(captions);
        Map<String, List<Scene<Scenes.Binding>>> binding = new LinkedHashMap<>();
        for (Kind kind : List.of(Kind.SEEN, Kind.HELD_OUT_RELATION, Kind.HELD_OUT_PAIR)) {
            List<AskedScene> asked = ask(kind);
            List<String> names =
                    asked.stream()
                            .flatMap(scene -> Stream.of(scene.first(), scene.second()))
                            .map(sprite -> sprite.drawing().caption())
                            .toList();
            binding.put(
                    kind.label(),
                    scenes(
                            asked,
                            (scene, picture, known) ->
                                    Scenes.Binding.of(judge, known, names, scene, picture)));
        }
        List<Scene<Scenes.Colours>> colours =
                scenes(
                        ask(Kind.COLOURS),
                        (scene, picture, known) -> Scenes.Colours.of(scene, picture));
        int curveCaptions = Math.min(size.curveCaptions, captions.size());
        EvaluationReport report =
                new EvaluationReport(
                        bundle.id(),
                        bundle.sampling(null, 0, 1, null),
                        drawings.size(),
                        reconstruction.psnr(),
                        reconstruction.ssim(),
                        reconstruction.perplexity(),
                        reconstruction.codesInUse(),
                        bundle.dvaeArchitecture().vocabulary(),
                        enlargement.map(Enlargement::enlarged).orElse(null),
                        enlargement.map(Enlargement::bicubic).orElse(null),
                        retrieval.recall(1),
                        retrieval.recall(5),
                        accuracy(drawings, reconstruction.pictures()),
                        share(singles, single -> single.byClip.first),
                        share(singles, single -> single.byClip.best),
                        share(singles, single -> single.byJudge().first),
                        share(singles, single -> single.byJudge().best),
                        Stream.of(0, 2, 8).map(least -> FirstChoice.of(least, singles)).toList(),
                        correlation(singles.stream().map(Single::nearest)),
                        Drawn.bestOf(
                                singles.stream().limit(curveCaptions).map(Single::drawn).toList()),
                        binding.entrySet().stream()
                                .map(
                                        kind ->
                                                figures(
                                                        kind.getKey(),
                                                        kind.getValue(),
                                                        Scenes.Binding::plus))
                                .toList(),
                        figures(Kind.COLOURS.label(), colours, Scenes.Colours::plus));
        EvaluationPage page = new EvaluationPage(out);
        enlargement.ifPresent(page::enlarged);
        page.singles(singles);
        binding.forEach(page::scenes);
        page.scenes(Kind.COLOURS.label(), colours);
        page.write(report, reconstruction.sheet());
        return report;
    }

    /** The held-out drawings, the same ones in every size. */
    private List<BufferedImage> pictures(ArtData source, int side) {
        return source.heldOut(Split.TEST, size.drawings, Placement.LOOSE).stream()
                .map(example -> Pixels.picture(example.rgb(), side))
                .toList();
    }

    private Optional<Enlargement> enlargement() throws IOException {
        if (!bundle.hasUpscaler()) {
            return Optional.empty();
        }
        int factor = UpscalerFamily.FACTOR;
        List<BufferedImage> originals = pictures(art.enlarged(factor), bundle.imageSize() * factor);
        try (Upscaler upscaler = bundle.upscaler()) {
            return Optional.of(Enlargement.measure(vae, upscaler, originals));
        }
    }

    private EvaluationReport.JudgeAccuracy accuracy(
            List<Drawing> drawings, List<BufferedImage> pictures) {
        List<String> captions = drawings.stream().map(Drawing::caption).toList();
        List<Judge.Likeness> likenesses = new ArrayList<>();
        for (int i = 0; i < drawings.size(); i++) {
            likenesses.add(judge.of(pictures.get(i), byOthers(drawings.get(i))));
        }
        return new EvaluationReport.JudgeAccuracy(
                named(1, captions, likenesses, captions),
                named(5, captions, likenesses, captions),
                judge.captions().size(),
                named(1, captions, likenesses, judge.captions()));
    }

    /** The share of pictures whose caption is among the likeliest {@code k}. */
    private static double named(
            int k, List<String> captions, List<Judge.Likeness> likenesses, List<String> among) {
        return IntStream.range(0, captions.size())
                        .filter(i -> likenesses.get(i).among(k, captions.get(i), among))
                        .count()
                / (double) captions.size();
    }

    private static Predicate<Drawing> byOthers(Drawing drawing) {
        return other -> !other.family().equals(drawing.family());
    }

    private static double share(List<Single> singles, Predicate<Single> recognised) {
        return singles.stream().filter(recognised).count() / (double) singles.size();
    }

    private static double correlation(Stream<Nearest.Match> matches) {
        return matches.mapToDouble(Nearest.Match::correlation).average().orElseThrow();
    }

    private static <V> EvaluationReport.SceneFigures<V> figures(
            String label, List<Scene<V>> scenes, BinaryOperator<V> plus) {
        return new EvaluationReport.SceneFigures<>(
                label,
                scenes.stream().map(Scene::first).reduce(plus).orElseThrow(),
                scenes.stream().map(Scene::best).reduce(plus).orElseThrow(),
                scenes.stream().map(Scene::ofReal).reduce(plus).orElseThrow(),
                correlation(scenes.stream().flatMap(scene -> scene.nearest.stream())));
    }

    private List<Single> singles(List<String> captions) {
        float[][] texts = captions.stream().map(clip::embedText).toArray(float[][]::new);
        List<Single> singles = new ArrayList<>();
        for (int i = 0; i < captions.size(); i++) {
            String caption = captions.get(i);
            Drawn drawn =
                    drawer.draw(
                            caption,
                            i < size.curveCaptions
                                    ? size.curveCandidates
                                    : CandidateDrawer.CANDIDATES);
            float[][] images = clip.embedImages(List.of(drawn.first(), drawn.best()));
            singles.add(
                    new Single(
                            drawn,
                            new Recognised(
                                    CandidateDrawer.closest(images[0], texts) == i,
                                    CandidateDrawer.closest(images[1], texts) == i),
                            right(drawn, captions),
                            nearest.to(drawn.best())));
        }
        return singles;
    }

    private boolean[] right(Drawn drawn, List<String> captions) {
        boolean[] right = new boolean[drawn.pictures().size()];
        for (int k = 0; k < right.length; k++) {
            right[k] = judge.of(drawn.pictures().get(k)).best(captions).equals(drawn.caption());
        }
        return right;
    }

    private List<AskedScene> ask(Kind kind) {
        return AskedScene.list(kind, art.sprites(Split.TRAIN), size.scenes, drawer::canRead);
    }

    private <V> List<Scene<V>> scenes(List<AskedScene> asked, Verdict<V> verdict) {
        List<BufferedImage> reals =
                Reconstruction.of(vae, asked.stream().map(art::picture).toList());
        List<Scene<V>> scenes = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            AskedScene scene = asked.get(i);
            Drawn drawn = drawer.draw(scene.caption(), CandidateDrawer.CANDIDATES);
            scenes.add(
                    new Scene<>(
                            drawn,
                            reals.get(i),
                            verdict.of(scene, drawn.first(), any -> true),
                            verdict.of(scene, drawn.best(), any -> true),
                            verdict.of(scene, reals.get(i), byOthers(scene.first().drawing())),
                            Scenes.halves(drawn.best(), scene.relation()).stream()
                                    .map(nearest::to)
                                    .toList()));
        }
        return scenes;
    }
}
