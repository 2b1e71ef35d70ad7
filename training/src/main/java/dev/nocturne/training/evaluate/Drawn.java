package dev.nocturne.training.evaluate;

import java.awt.image.BufferedImage;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What was drawn of a caption, all in the order drawn.
 *
 * @param pictures of the first 16 candidates
 * @param scores by which these are ranked
 * @param logProbabilities of these
 * @param cosines by CLIP, of all candidates
 */
record Drawn(
        String caption,
        List<BufferedImage> pictures,
        float[] scores,
        double[] logProbabilities,
        float[] cosines) {

    BufferedImage first() {
        return pictures.get(0);
    }

    BufferedImage best() {
        return ranked().get(0);
    }

    /** Best first, of equals the one drawn first. */
    List<BufferedImage> ranked() {
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer k) -> -scores[k]))
                .map(pictures::get)
                .toList();
    }

    /** Mean over captions of the best CLIP score among the first N candidates, by powers of two. */
    static SortedMap<Integer, Double> bestOf(List<Drawn> captions) {
        SortedMap<Integer, Double> means = new TreeMap<>();
        for (Drawn drawn : captions) {
            double best = Double.NEGATIVE_INFINITY;
            for (int n = 1; n <= drawn.cosines.length; n++) {
                best = Math.max(best, drawn.cosines[n - 1]);
                if (Integer.bitCount(n) == 1) {
                    means.merge(n, best / captions.size(), Double::sum);
                }
            }
        }
        return means;
    }
}
