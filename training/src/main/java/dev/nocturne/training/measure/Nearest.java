package dev.nocturne.training.measure;

import dev.nocturne.models.picture.Pixels;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The training drawing most like a picture, by correlation of the pixels of what is drawn, at
 * 24×24: near 1 where the model repeats what it saw, in whatever size and place.
 */
public final class Nearest {
    private static final int SIZE = 24;

    private final List<BufferedImage> drawings;
    private final float[][] features;

    /**
     * @param correlation in [-1, 1]
     */
    public record Match(BufferedImage drawing, double correlation) {}

    /**
     * @param drawings to look among, of any size, on white
     */
    public Nearest(List<BufferedImage> drawings) {
        this.drawings = drawings;
        this.features = drawings.parallelStream().map(Nearest::features).toArray(float[][]::new);
    }

    /** The drawing most like a picture of any size, on white. */
    public Match to(BufferedImage picture) {
        float[] wanted = features(picture);
        double[] correlations =
                IntStream.range(0, features.length)
                        .parallel()
                        .mapToDouble(i -> dot(features[i], wanted))
                        .toArray();
        int best = 0;
        for (int i = 1; i < correlations.length; i++) {
            best = correlations[i] > correlations[best] ? i : best;
        }
        return new Match(drawings.get(best), correlations[best]);
    }

    /** Pixels with mean 0 and norm 1. */
    private static float[] features(BufferedImage picture) {
        byte[] pixels = Pixels.planar(Foreground.square(picture, SIZE));
        double mean =
                IntStream.range(0, pixels.length)
                        .mapToDouble(i -> Byte.toUnsignedInt(pixels[i]))
                        .average()
                        .orElseThrow();
        float[] features = new float[pixels.length];
        double squares = 0;
        for (int i = 0; i < pixels.length; i++) {
            features[i] = (float) (Byte.toUnsignedInt(pixels[i]) - mean);
            squares += features[i] * features[i];
        }
        // a blank picture correlates with nothing
        float norm = (float) Math.sqrt(Math.max(squares, 1));
        for (int i = 0; i < features.length; i++) {
            features[i] /= norm;
        }
        return features;
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
