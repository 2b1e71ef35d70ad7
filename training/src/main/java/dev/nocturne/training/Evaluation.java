package dev.nocturne.training;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.training.data.AskedScene;
import dev.nocturne.training.data.AskedScene.Kind;
import dev.nocturne.training.data.Drawing;
import dev.nocturne.training.data.ExampleSource.Placement;
import dev.nocturne.training.data.Split;
import dev.nocturne.training.data.Sprite;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Measures a model on the test split of the emoji art: drawings that no training saw, of concepts
 * it saw in other drawings, and pictures that it draws of their captions; and on scenes of two
 * objects in combinations that no training saw.
 */
public final class Evaluation {
    private static final int CANDIDATES = 16;

    private final ModelBundle bundle;
    private final ArtData art;
    private final Size size;
    private final DiscreteVae vae;
    private final Clip clip;
    private final CandidateScorer scorer;
    private final GridGenerator generator;
    private final CaptionTokenizer tokenizer;
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

    /**
     * How well the judge names held-out drawings that it sees as the dVAE renders them, without any
     * drawing by the same hand.
     *
     * @param top1 share of those that it names first among their captions
     * @param top5 share of those whose name is among its first five
     * @param captionsOfAll how many things it knows
     * @param top1OfAll share of those that it names first among all these
     */
    public record JudgeAccuracy(double top1, double top5, int captionsOfAll, double top1OfAll) {}

    /**
     * What pictures of one kind of scenes show.
     *
     * @param first the first candidate of each
     * @param best the best of 16 by CLIP
     * @param real the same composed of drawings that the dVAE renders, judged without any drawing
     *     by the same hand: as much as can be expected of the judge
     * @param nearestTraining mean over the halves of the best of the correlation with the training
     *     drawing that is most like it
     */
    public record SceneFigures<V>(String scenes, V first, V best, V real, double nearestTraining) {}

    /**
     * @param psnr of reconstructed test drawings, in decibels
     * @param ssim of the same, mean structural similarity of luma
     * @param codebookPerplexity of their tokens
     * @param recallAt1 share of captions whose drawing CLIP ranks first among all test drawings
     * @param captionAccuracy share of drawn pictures of which CLIP finds the right one among the
     *     captions of all test drawings; the first candidate of each caption
     * @param captionAccuracyBest the same for the best of 16 candidates. The judge is the CLIP that
     *     chose the best, so this flatters the choice
     * @param judgedAccuracy as {@code captionAccuracy}, by a judge that shares nothing with CLIP
     * @param judgedAccuracyBest as {@code captionAccuracyBest}, by the same judge
     * @param nearestTraining mean over those best pictures of the correlation with the training
     *     drawing that is most like it
     * @param bestOf mean over captions of the best CLIP score among the first N candidates, by N
     */
    public record Report(
            String model,
            Sampling sampling,
            int drawings,
            double psnr,
            double ssim,
            double codebookPerplexity,
            long codesInUse,
            int codes,
            double recallAt1,
            double recallAt5,
            JudgeAccuracy judge,
            double captionAccuracy,
            double captionAccuracyBest,
            double judgedAccuracy,
            double judgedAccuracyBest,
            double nearestTraining,
            SortedMap<Integer, Double> bestOf,
            List<SceneFigures<Scenes.Binding>> binding,
            SceneFigures<Scenes.Colours> colours) {

        /** What was measured and what came out, in words. */
        public Map<String, String> table() {
            Map<String, String> table = new LinkedHashMap<>();
            table.put(
                    "dVAE, held-out drawings",
                    "PSNR %.2f dB, SSIM %.3f, codebook perplexity %.0f, %d of %d codes in use"
                            .formatted(psnr, ssim, codebookPerplexity, codesInUse, codes));
            table.put(
                    "CLIP, held-out drawings",
                    "caption to drawing recall@1 %.0f %%, recall@5 %.0f %%"
                            .formatted(100 * recallAt1, 100 * recallAt5));
            table.put(
                    "judge, held-out drawings",
                    "named first %.0f %%, among five %.0f %% of %d captions; first of all %d %.0f %%"
                            .formatted(
                                    100 * judge.top1,
                                    100 * judge.top5,
                                    drawings,
                                    judge.captionsOfAll,
                                    100 * judge.top1OfAll));
            table.put(
                    "caption accuracy by CLIP",
                    "one picture %.0f %%, best of 16 %.0f %%"
                            .formatted(100 * captionAccuracy, 100 * captionAccuracyBest));
            table.put(
                    "caption accuracy by the judge",
                    "one picture %.0f %%, best of 16 %.0f %%"
                            .formatted(100 * judgedAccuracy, 100 * judgedAccuracyBest));
            table.put(
                    "nearest training drawing", "mean correlation %.2f".formatted(nearestTraining));
            table.put(
                    "best of N by CLIP score",
                    bestOf.entrySet().stream()
                            .map(best -> "%d: %.3f".formatted(best.getKey(), best.getValue()))
                            .collect(Collectors.joining("  ")));
            Stream.concat(binding.stream(), Stream.of(colours))
                    .forEach(
                            figures -> {
                                table.put(figures.scenes + ", one picture", figures.first + "");
                                table.put(
                                        figures.scenes + ", best of 16",
                                        "%s; nearest training drawings %.2f"
                                                .formatted(figures.best, figures.nearestTraining));
                                table.put(figures.scenes + ", real drawings", figures.real + "");
                            });
            return table;
        }
    }

    /**
     * What was drawn of a caption.
     *
     * @param ranked best first, by CLIP
     * @param first the one drawn first
     * @param scores in the order drawn
     */
    record Drawn(String caption, List<BufferedImage> ranked, BufferedImage first, float[] scores) {
        BufferedImage best() {
            return ranked.get(0);
        }
    }

    /** Whether the caption was found among all: for the picture drawn first, for the best. */
    record Recognised(boolean first, boolean best) {}

    /** What was drawn of a held-out drawing's caption, and what it is worth. */
    record Single(Drawn drawn, Recognised byClip, Recognised byJudge, Nearest.Match nearest) {}

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
        // not closed: both models are the caller's
        this.scorer = new CandidateScorer(vae, clip);
        this.generator = generator;
        this.tokenizer = bundle.tokenizer();
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
    public static Report run(Path model, Path out, Size size) throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        ArtData art = ArtData.load(out.resolve("art"), bundle.imageSize());
        Files.createDirectories(out);
        try (DiscreteVae vae = bundle.dvae();
                Clip clip = bundle.clip();
                GridGenerator generator = bundle.generator(CANDIDATES)) {
            return new Evaluation(bundle, art, size, vae, clip, generator).run(out);
        }
    }

    private Report run(Path out) throws IOException {
        List<Drawing> drawings =
                art.heldOut(Split.TEST, size.drawings).stream().map(Sprite::drawing).toList();
        List<String> captions = drawings.stream().map(Drawing::caption).toList();
        List<BufferedImage> pictures =
                art.heldOut(Split.TEST, size.drawings, Placement.LOOSE).stream()
                        .map(example -> Pixels.picture(example.rgb(), bundle.imageSize()))
                        .toList();
        Reconstruction reconstruction = Reconstruction.measure(vae, pictures);
        Retrieval retrieval = Retrieval.measure(clip, captions, pictures);
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
        Report report =
                new Report(
                        bundle.id(),
                        bundle.sampling(null, 0, 1, null),
                        drawings.size(),
                        reconstruction.psnr(),
                        reconstruction.ssim(),
                        reconstruction.perplexity(),
                        reconstruction.codesInUse(),
                        bundle.dvaeArchitecture().vocabulary(),
                        retrieval.recall(1),
                        retrieval.recall(5),
                        accuracy(drawings, reconstruction.pictures()),
                        share(singles, single -> single.byClip.first),
                        share(singles, single -> single.byClip.best),
                        share(singles, single -> single.byJudge.first),
                        share(singles, single -> single.byJudge.best),
                        correlation(singles.stream().map(Single::nearest)),
                        bestOf(singles.subList(0, curveCaptions)),
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
        page.singles(singles);
        binding.forEach(page::scenes);
        page.scenes(Kind.COLOURS.label(), colours);
        page.write(report, reconstruction.sheet());
        return report;
    }

    private JudgeAccuracy accuracy(List<Drawing> drawings, List<BufferedImage> pictures) {
        List<String> captions = drawings.stream().map(Drawing::caption).toList();
        List<Judge.Likeness> likenesses = new ArrayList<>();
        for (int i = 0; i < drawings.size(); i++) {
            likenesses.add(judge.of(pictures.get(i), byOthers(drawings.get(i))));
        }
        return new JudgeAccuracy(
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

    private static <V> SceneFigures<V> figures(
            String label, List<Scene<V>> scenes, BinaryOperator<V> plus) {
        return new SceneFigures<>(
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
            Drawn drawn = draw(caption, i < size.curveCaptions ? size.curveCandidates : CANDIDATES);
            float[][] images = clip.embedImages(List.of(drawn.first, drawn.best()));
            singles.add(
                    new Single(
                            drawn,
                            new Recognised(
                                    closest(images[0], texts) == i, closest(images[1], texts) == i),
                            new Recognised(
                                    judge.of(drawn.first).best(captions).equals(caption),
                                    judge.of(drawn.best()).best(captions).equals(caption)),
                            nearest.to(drawn.best())));
        }
        return singles;
    }

    private List<AskedScene> ask(Kind kind) {
        return AskedScene.list(kind, art.sprites(Split.TRAIN), size.scenes, this::readable);
    }

    private boolean readable(String caption) {
        try {
            clip.embedText(caption);
            tokenizer.encode(caption);
            return true;
        } catch (CaptionTooLongException e) {
            return false;
        }
    }

    private <V> List<Scene<V>> scenes(List<AskedScene> asked, Verdict<V> verdict) {
        List<BufferedImage> reals =
                Reconstruction.of(vae, asked.stream().map(art::picture).toList());
        List<Scene<V>> scenes = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            AskedScene scene = asked.get(i);
            Drawn drawn = draw(scene.caption(), CANDIDATES);
            scenes.add(
                    new Scene<>(
                            drawn,
                            reals.get(i),
                            verdict.of(scene, drawn.first, any -> true),
                            verdict.of(scene, drawn.best(), any -> true),
                            verdict.of(scene, reals.get(i), byOthers(scene.first().drawing())),
                            Scenes.halves(drawn.best(), scene.relation()).stream()
                                    .map(nearest::to)
                                    .toList()));
        }
        return scenes;
    }

    /** Draws candidates and ranks the first 16 of them. */
    private Drawn draw(String caption, int count) {
        Sampling sampling = bundle.sampling(null, 0, 1, null);
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

    private static int closest(float[] image, float[][] texts) {
        return IntStream.range(0, texts.length)
                .boxed()
                .max(Comparator.comparingDouble(i -> Clip.cosine(image, texts[i])))
                .orElseThrow();
    }

    private static SortedMap<Integer, Double> bestOf(List<Single> singles) {
        SortedMap<Integer, Double> means = new TreeMap<>();
        for (Single single : singles) {
            double best = Double.NEGATIVE_INFINITY;
            float[] scores = single.drawn.scores;
            for (int n = 1; n <= scores.length; n++) {
                best = Math.max(best, scores[n - 1]);
                if (Integer.bitCount(n) == 1) {
                    means.merge(n, best / singles.size(), Double::sum);
                }
            }
        }
        return means;
    }
}
