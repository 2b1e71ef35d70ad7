package dev.nocturne.training.data;

import java.awt.Rectangle;
import java.util.Arrays;
import java.util.Optional;

/**
 * A drawing rendered once with its alpha channel.
 *
 * @param drawing what it is a picture of
 * @param size side of the square canvas in pixels
 * @param argb the canvas row by row, straight (not premultiplied) alpha, {@code [size, size]}
 * @param bounds the smallest rectangle that holds every visible pixel; empty if there is none
 * @param colour the basic colour word that is true of most of the picture, if there is one
 */
public record Sprite(
        Drawing drawing, int size, int[] argb, Rectangle bounds, Optional<String> colour) {

    private static final int VISIBLE_ALPHA = 16;
    private static final int SOLID_ALPHA = 128;
    private static final double DOMINANT_SHARE = 0.6;

    /** Half as large again as the picture, so that scaling down to it stays sharp. */
    static int sizeFor(int pictureSize) {
        return pictureSize * 3 / 2;
    }

    /** Measures the bounds and the colour of a rendered canvas. */
    static Sprite of(Drawing drawing, int size, int[] argb) {
        return new Sprite(drawing, size, argb, bounds(argb, size), dominantColour(argb));
    }

    /** The same in other colours, of which its colour word is measured anew. */
    Sprite recoloured(Recolouring recolouring) {
        int[] pixels = Arrays.stream(argb).map(recolouring::of).toArray();
        return new Sprite(drawing, size, pixels, bounds, dominantColour(pixels));
    }

    /** Whether something can be seen on white: at least half a percent of the canvas. */
    boolean visibleOnWhite() {
        long marks = Arrays.stream(argb).filter(Sprite::darkerThanWhite).count();
        return marks * 200 >= argb.length;
    }

    private static boolean darkerThanWhite(int pixel) {
        int darkest = Math.min(pixel >> 16 & 255, Math.min(pixel >> 8 & 255, pixel & 255));
        return (255 - darkest) * (pixel >>> 24) > 12 * 255;
    }

    private static Rectangle bounds(int[] argb, int size) {
        int left = size;
        int top = size;
        int right = 0;
        int bottom = 0;
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                if (argb[y * size + x] >>> 24 >= VISIBLE_ALPHA) {
                    left = Math.min(left, x);
                    right = Math.max(right, x + 1);
                    top = Math.min(top, y);
                    bottom = Math.max(bottom, y + 1);
                }
            }
        }
        return right == 0 ? new Rectangle() : new Rectangle(left, top, right - left, bottom - top);
    }

    private static Optional<String> dominantColour(int[] argb) {
        int[] counts = new int[BasicColour.values().length];
        int solid = 0;
        for (int pixel : argb) {
            if (pixel >>> 24 >= SOLID_ALPHA) {
                solid++;
                BasicColour.of(pixel).ifPresent(colour -> counts[colour.ordinal()]++);
            }
        }
        for (BasicColour colour : BasicColour.values()) {
            if (counts[colour.ordinal()] > 0
                    && counts[colour.ordinal()] >= DOMINANT_SHARE * solid) {
                return Optional.of(colour.word());
            }
        }
        return Optional.empty();
    }
}
