package dev.nocturne.training.evaluate;

import dev.nocturne.models.picture.Pixels;
import dev.nocturne.training.data.Drawing;
import dev.nocturne.training.measure.Foreground;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Says what a picture shows: what the drawing shows that is most like it in the directions of its
 * edges (Dalal & Triggs 2005) and the layout of its colours, as it is or mirrored. No weight and no
 * feature is CLIP's, so it doesn't share the errors of what chose the picture. It knows every
 * drawing, those of the test split, too; how well it knows others is measured by leaving out all
 * drawings by their hand.
 *
 * <p>Immutable, so threads may share it.
 */
final class Judge {
    private static final int SIZE = 32;
    private static final int CELL = 4;
    private static final int CELLS = SIZE / CELL;
    private static final int DIRECTIONS = 8;

    /** Of the square of the distance; the edges have the rest. */
    private static final double COLOUR_SHARE = 0.25;

    private final List<Drawing> drawings;
    private final float[][] features;

    /**
     * @param pictures of the drawings, rendered as what is judged is: by the dVAE
     */
    Judge(List<Drawing> drawings, List<BufferedImage> pictures) {
        this.drawings = drawings;
        this.features =
                pictures.parallelStream()
                        .map(picture -> features(Foreground.square(picture, SIZE)))
                        .toArray(float[][]::new);
    }

    /**
     * How like a picture is to what each caption names.
     *
     * @param byCaption cosine of the features with those of the caption's most similar drawing
     */
    record Likeness(Map<String, Double> byCaption) {

        /** As far from everything as can be where no drawing of the caption is known. */
        double to(String caption) {
            return byCaption.getOrDefault(caption, -1.0);
        }

        String best(Collection<String> captions) {
            return captions.stream().max(Comparator.comparingDouble(this::to)).orElseThrow();
        }

        /** Whether fewer than {@code k} of the captions are likelier than this one. */
        boolean among(int k, String caption, Collection<String> captions) {
            return captions.stream().filter(other -> to(other) > to(caption)).count() < k;
        }
    }

    Likeness of(BufferedImage picture) {
        return of(picture, drawing -> true);
    }

    /**
     * @param known the drawings that may be looked at
     */
    Likeness of(BufferedImage picture, Predicate<Drawing> known) {
        BufferedImage square = Foreground.square(picture, SIZE);
        float[] plain = features(square);
        float[] mirrored = features(mirrored(square));
        double[] cosines =
                IntStream.range(0, features.length)
                        .parallel()
                        .mapToDouble(
                                i -> Math.max(dot(features[i], plain), dot(features[i], mirrored)))
                        .toArray();
        Map<String, Double> byCaption = new HashMap<>();
        for (int i = 0; i < cosines.length; i++) {
            if (known.test(drawings.get(i))) {
                byCaption.merge(drawings.get(i).caption(), cosines[i], Math::max);
            }
        }
        return new Likeness(byCaption);
    }

    /** All captions that it can tell apart. */
    List<String> captions() {
        return drawings.stream().map(Drawing::caption).distinct().toList();
    }

    private static BufferedImage mirrored(BufferedImage square) {
        BufferedImage mirrored = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
        mirrored.createGraphics().drawImage(square, SIZE, 0, -SIZE, SIZE, null);
        return mirrored;
    }

    private static float[] features(BufferedImage square) {
        byte[] pixels = Pixels.planar(square);
        float[] edges = unit(edges(pixels), 1 - COLOUR_SHARE);
        float[] colours = unit(colours(pixels), COLOUR_SHARE);
        float[] features = Arrays.copyOf(edges, edges.length + colours.length);
        System.arraycopy(colours, 0, features, edges.length, colours.length);
        return features;
    }

    /** Square roots of the strength of the edges in each cell, by direction. */
    private static float[] edges(byte[] pixels) {
        float[] cells = new float[CELLS * CELLS * DIRECTIONS];
        for (int y = 1; y < SIZE - 1; y++) {
            for (int x = 1; x < SIZE - 1; x++) {
                double strength = 0;
                double direction = 0;
                // the channel that changes most
                for (int channel = 0; channel < 3; channel++) {
                    int dx = value(pixels, channel, x + 1, y) - value(pixels, channel, x - 1, y);
                    int dy = value(pixels, channel, x, y + 1) - value(pixels, channel, x, y - 1);
                    if (Math.hypot(dx, dy) > strength) {
                        strength = Math.hypot(dx, dy);
                        direction = Math.atan2(dy, dx);
                    }
                }
                // an edge from dark to light is as one from light to dark
                double turn = (direction / Math.PI + 1) * DIRECTIONS;
                int below = (int) turn;
                double beyond = turn - below;
                spread(cells, DIRECTIONS, below % DIRECTIONS, x, y, strength * (1 - beyond));
                spread(cells, DIRECTIONS, (below + 1) % DIRECTIONS, x, y, strength * beyond);
            }
        }
        for (int i = 0; i < cells.length; i++) {
            cells[i] = (float) Math.sqrt(cells[i]);
        }
        return cells;
    }

    /** In each cell how dark it is, and how far from grey towards red and towards yellow. */
    private static float[] colours(byte[] pixels) {
        float[] cells = new float[CELLS * CELLS * 3];
        for (int y = 0; y < SIZE; y++) {
            for (int x = 0; x < SIZE; x++) {
                int red = value(pixels, 0, x, y);
                int green = value(pixels, 1, x, y);
                int blue = value(pixels, 2, x, y);
                spread(cells, 3, 0, x, y, 255 - (red + green + blue) / 3.0);
                spread(cells, 3, 1, x, y, red - green);
                spread(cells, 3, 2, x, y, (red + green) / 2.0 - blue);
            }
        }
        return cells;
    }

    private static int value(byte[] pixels, int channel, int x, int y) {
        return pixels[(channel * SIZE + y) * SIZE + x] & 255;
    }

    /**
     * Adds to the four cells about a pixel, to the nearer ones more: small shifts change little.
     */
    private static void spread(
            float[] cells, int channels, int channel, int x, int y, double value) {
        double column = (x + 0.5) / CELL - 0.5;
        double row = (y + 0.5) / CELL - 0.5;
        int left = (int) Math.floor(column);
        int top = (int) Math.floor(row);
        for (int i = Math.max(0, top); i <= Math.min(CELLS - 1, top + 1); i++) {
            for (int j = Math.max(0, left); j <= Math.min(CELLS - 1, left + 1); j++) {
                double weight = (1 - Math.abs(row - i)) * (1 - Math.abs(column - j));
                cells[(i * CELLS + j) * channels + channel] += (float) (weight * value);
            }
        }
    }

    /** Scaled to a square sum of {@code share}; zeros stay zeros. */
    private static float[] unit(float[] values, double share) {
        double scale = Math.sqrt(share / Math.max(dot(values, values), 1e-6));
        float[] scaled = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            scaled[i] = (float) (values[i] * scale);
        }
        return scaled;
    }

    private static double dot(float[] a, float[] b) {
        float sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
