package dev.nocturne.training.evaluate;

import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.training.measure.FeatureDistance;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;

/**
 * What an evaluation on captioned pictures measured.
 *
 * @param pictures with their captions
 * @param psnr of the pictures after the dVAE, in decibels
 * @param ssim of the same, mean structural similarity of luma
 * @param codebookPerplexity of their tokens
 * @param recallAt1 share of captions whose picture CLIP ranks first among all
 * @param captionAccuracy share of drawn pictures of which CLIP finds the right one among all
 *     captions; the first candidate of each caption
 * @param captionAccuracyBest the same for the best of 16 candidates, which the same CLIP chose
 * @param clipScoreReal mean cosine of the pictures and their captions
 * @param clipScore the same of the first candidates
 * @param clipScoreBest the same of the best of 16
 * @param bestOf mean over captions of the best CLIP score among the first N candidates, by N
 * @param distances of sets of pictures to the real ones
 */
public record DataReport(
        String model,
        Sampling sampling,
        int pictures,
        double psnr,
        double ssim,
        double codebookPerplexity,
        long codesInUse,
        int codes,
        double recallAt1,
        double recallAt5,
        double captionAccuracy,
        double captionAccuracyBest,
        double clipScoreReal,
        double clipScore,
        double clipScoreBest,
        SortedMap<Integer, Double> bestOf,
        List<Distance> distances)
        implements Report {

    /**
     * @param features whose features: {@code CLIP} or {@code Inception}
     * @param of which set of pictures
     * @param blur the deviation in pixels of the Gaussian that blurs both sets (Ramesh et al. 2021,
     *     figure 9c); 0: as they are
     */
    public record Distance(String features, String of, double blur, FeatureDistance distance) {}

    @Override
    public Map<String, String> table() {
        Map<String, String> table = new LinkedHashMap<>();
        table.put("dVAE", Words.dvae(psnr, ssim, codebookPerplexity, codesInUse, codes));
        table.put(
                "CLIP",
                "caption to picture recall@1 %.0f %%, recall@5 %.0f %%"
                        .formatted(100 * recallAt1, 100 * recallAt5));
        table.put("caption accuracy by CLIP", Words.accuracy(captionAccuracy, captionAccuracyBest));
        table.put(
                "CLIP score",
                "real pictures %.3f, one picture %.3f, best of 16 %.3f"
                        .formatted(clipScoreReal, clipScore, clipScoreBest));
        table.put("best of N by CLIP score", Words.bestOf(bestOf));
        distances.stream()
                .collect(
                        Collectors.groupingBy(
                                distance -> distance.features + " features, " + distance.of,
                                LinkedHashMap::new,
                                Collectors.toList()))
                .forEach(
                        (what, blurred) -> {
                            table.put("Fréchet distance, " + what, row(blurred, false));
                            table.put("kernel distance × 1000, " + what, row(blurred, true));
                        });
        return table;
    }

    private static String row(List<Distance> blurred, boolean kernel) {
        return blurred.stream()
                .map(
                        one ->
                                String.format(
                                        Locale.ROOT,
                                        kernel ? "%s: %.2f" : "%s: %.3f",
                                        one.blur == 0
                                                ? "sharp"
                                                : "blur %.0f px".formatted(one.blur),
                                        kernel
                                                ? 1000 * one.distance.kernel()
                                                : one.distance.frechet()))
                .collect(Collectors.joining("  "));
    }
}
