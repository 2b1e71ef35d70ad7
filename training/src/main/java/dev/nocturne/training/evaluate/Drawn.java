package dev.nocturne.training.evaluate;

import java.awt.image.BufferedImage;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

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

    /** Mean over captions of the best CLIP score among the first N candidates, by powers of two. */
    static SortedMap<Integer, Double> bestOf(List<Drawn> captions) {
        SortedMap<Integer, Double> means = new TreeMap<>();
        for (Drawn drawn : captions) {
            double best = Double.NEGATIVE_INFINITY;
            for (int n = 1; n <= drawn.scores.length; n++) {
                best = Math.max(best, drawn.scores[n - 1]);
                if (Integer.bitCount(n) == 1) {
                    means.merge(n, best / captions.size(), Double::sum);
                }
            }
        }
        return means;
    }
}
