package dev.nocturne.training.data;

import java.awt.Rectangle;
import java.util.Arrays;

/** A white square picture that sprites are drawn on. Belongs to one thread. */
final class Canvas {

    private final int size;
    private final float[] rgb; // [3, size, size], 0..255

    Canvas(int size) {
        this.size = size;
        this.rgb = new float[3 * size * size];
        Arrays.fill(rgb, 255f);
    }

    /**
     * Scales the part {@code from} of the sprite to the rectangle {@code to} of this canvas with a
     * triangle filter, which averages when it shrinks and interpolates when it enlarges.
     */
    void draw(Sprite sprite, Rectangle from, Rectangle to, boolean mirrored) {
        Taps columns = new Taps(from.x, from.width, to.width);
        Taps rows = new Taps(from.y, from.height, to.height);
        float[] squeezed = new float[from.height * to.width * 4]; // premultiplied r, g, b, a
        for (int y = 0; y < from.height; y++) {
            int line = (from.y + y) * sprite.size();
            for (int x = 0; x < to.width; x++) {
                float red = 0;
                float green = 0;
                float blue = 0;
                float alpha = 0;
                float[] weights = columns.weights[x];
                for (int tap = 0; tap < weights.length; tap++) {
                    int pixel = sprite.argb()[line + columns.first[x] + tap];
                    float weight = weights[tap] * (pixel >>> 24) / 255f;
                    red += weight * (pixel >> 16 & 255);
                    green += weight * (pixel >> 8 & 255);
                    blue += weight * (pixel & 255);
                    alpha += weight;
                }
                int at = (y * to.width + (mirrored ? to.width - 1 - x : x)) * 4;
                squeezed[at] = red;
                squeezed[at + 1] = green;
                squeezed[at + 2] = blue;
                squeezed[at + 3] = alpha;
            }
        }
        for (int y = 0; y < to.height; y++) {
            float[] weights = rows.weights[y];
            for (int x = 0; x < to.width; x++) {
                float red = 0;
                float green = 0;
                float blue = 0;
                float alpha = 0;
                for (int tap = 0; tap < weights.length; tap++) {
                    int at = ((rows.first[y] - from.y + tap) * to.width + x) * 4;
                    red += weights[tap] * squeezed[at];
                    green += weights[tap] * squeezed[at + 1];
                    blue += weights[tap] * squeezed[at + 2];
                    alpha += weights[tap] * squeezed[at + 3];
                }
                int at = (to.y + y) * size + to.x + x;
                int plane = size * size;
                rgb[at] = red + (1 - alpha) * rgb[at];
                rgb[at + plane] = green + (1 - alpha) * rgb[at + plane];
                rgb[at + 2 * plane] = blue + (1 - alpha) * rgb[at + 2 * plane];
            }
        }
    }

    byte[] rgb() {
        byte[] bytes = new byte[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            bytes[i] = (byte) Math.max(0, Math.min(255, Math.round(rgb[i])));
        }
        return bytes;
    }

    /** For each target pixel of one axis, the source pixels it is made of and their weights. */
    private static final class Taps {
        final int[] first;
        final float[][] weights;

        Taps(int start, int length, int target) {
            first = new int[target];
            weights = new float[target][];
            double step = (double) length / target;
            double radius = Math.max(1, step);
            for (int i = 0; i < target; i++) {
                double centre = (i + 0.5) * step - 0.5;
                int low = Math.max(0, (int) Math.ceil(centre - radius));
                int high = Math.min(length - 1, (int) Math.floor(centre + radius));
                first[i] = start + low;
                weights[i] = new float[high - low + 1];
                float sum = 0;
                for (int tap = low; tap <= high; tap++) {
                    float weight = (float) (1 - Math.abs(tap - centre) / radius);
                    weights[i][tap - low] = weight;
                    sum += weight;
                }
                for (int tap = 0; tap < weights[i].length; tap++) {
                    weights[i][tap] /= sum;
                }
            }
        }
    }
}
