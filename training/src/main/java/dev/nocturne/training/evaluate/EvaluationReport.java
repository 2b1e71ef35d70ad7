package dev.nocturne.training.evaluate;

import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.training.measure.Enlargement.Likeness;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Stream;

/**
 * What an evaluation on the art measured.
 *
 * @param psnr of reconstructed test drawings, in decibels
 * @param ssim of the same, mean structural similarity of luma
 * @param codebookPerplexity of their tokens
 * @param upscaled what the dVAE makes of test drawings, enlarged, beside the drawings in that size;
 *     null if there is no upscaler
 * @param bicubic the same enlarged without it; null likewise
 * @param recallAt1 share of captions whose drawing CLIP ranks first among all test drawings
 * @param captionAccuracy share of drawn pictures of which CLIP finds the right one among the
 *     captions of all test drawings; the first candidate of each caption
 * @param captionAccuracyBest the same for the best of 16 candidates. The judge is the CLIP that
 *     chose the best, so this flatters the choice
 * @param judgedAccuracy as {@code captionAccuracy}, by a judge that shares nothing with CLIP
 * @param judgedAccuracyBest as {@code captionAccuracyBest}, by the same judge
 * @param firstChoices how often the first of the 16 is judged right: of all captions, and of those
 *     of which at least 2 and 8 candidates are
 * @param nearestTraining mean over those best pictures of the correlation with the training drawing
 *     that is most like it
 * @param bestOf mean over captions of the best CLIP score among the first N candidates, by N
 */
public record EvaluationReport(
        String model,
        Sampling sampling,
        int drawings,
        double psnr,
        double ssim,
        double codebookPerplexity,
        long codesInUse,
        int codes,
        Likeness upscaled,
        Likeness bicubic,
        double recallAt1,
        double recallAt5,
        JudgeAccuracy judge,
        double captionAccuracy,
        double captionAccuracyBest,
        double judgedAccuracy,
        double judgedAccuracyBest,
        List<FirstChoice> firstChoices,
        double nearestTraining,
        SortedMap<Integer, Double> bestOf,
        List<SceneFigures<Scenes.Binding>> binding,
        SceneFigures<Scenes.Colours> colours)
        implements Report {

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

    @Override
    public Map<String, String> table() {
        Map<String, String> table = new LinkedHashMap<>();
        table.put(
                "dVAE, held-out drawings",
                Words.dvae(psnr, ssim, codebookPerplexity, codesInUse, codes));
        if (upscaled != null) {
            table.put("upscaler, held-out drawings", "%s; bicubic %s".formatted(upscaled, bicubic));
        }
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
        table.put("caption accuracy by CLIP", Words.accuracy(captionAccuracy, captionAccuracyBest));
        table.put(
                "caption accuracy by the judge",
                Words.accuracy(judgedAccuracy, judgedAccuracyBest));
        firstChoices.forEach(
                choice ->
                        table.put(
                                choice.leastRight() == 0
                                        ? "first of 16 judged right"
                                        : "the same where %d are".formatted(choice.leastRight()),
                                choice + ""));
        table.put("nearest training drawing", "mean correlation %.2f".formatted(nearestTraining));
        table.put("best of N by CLIP score", Words.bestOf(bestOf));
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
