package dev.nocturne.training.evaluate;

import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** What every report says in the same words. */
final class Words {
    private Words() {}

    /**
     * @param psnr in decibels
     */
    static String dvae(double psnr, double ssim, double perplexity, long used, int codes) {
        return "PSNR %.2f dB, SSIM %.3f, codebook perplexity %.0f, %d of %d codes in use"
                .formatted(psnr, ssim, perplexity, used, codes);
    }

    /** Of shares of captions in [0, 1]. */
    static String accuracy(double first, double best) {
        return "one picture %.0f %%, best of 16 %.0f %%".formatted(100 * first, 100 * best);
    }

    /** Of mean scores by N. */
    static String bestOf(SortedMap<Integer, Double> means) {
        return means.entrySet().stream().map(Words::oneOf).collect(Collectors.joining("  "));
    }

    private static String oneOf(Map.Entry<Integer, Double> best) {
        return "%d: %.3f".formatted(best.getKey(), best.getValue());
    }
}
