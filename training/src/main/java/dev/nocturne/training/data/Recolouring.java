package dev.nocturne.training.data;

import java.util.random.RandomGenerator;

/**
 * A change of hue and saturation: a turn about the grey axis of the RGB cube and a stretch away
 * from it, so that white, grey and black stay what they are.
 *
 * @param matrix {@code [3][3]}, applied to (red, green, blue); each row sums to 1
 */
public record Recolouring(float[][] matrix) {

    /** Any hue, from grey to a little more colourful than it was. */
    public static Recolouring random(RandomGenerator random) {
        return of(2 * Math.PI * random.nextDouble(), 1.2 * random.nextDouble());
    }

    /**
     * @param turn of the hue, in radians
     * @param saturation factor; 0 is grey
     */
    static Recolouring of(double turn, double saturation) {
        double along = Math.cos(turn) * saturation;
        double across = Math.sin(turn) * saturation / Math.sqrt(3);
        float own = (float) ((1 + 2 * along) / 3);
        float next = (float) ((1 - along) / 3 - across);
        float previous = (float) ((1 - along) / 3 + across);
        return new Recolouring(
                new float[][] {
                    {own, next, previous}, {previous, own, next}, {next, previous, own}
                });
    }

    /** An RGB pixel recoloured; what stands above its 24 bits stays. */
    int of(int pixel) {
        int red = pixel >> 16 & 255;
        int green = pixel >> 8 & 255;
        int blue = pixel & 255;
        int recoloured = pixel >>> 24;
        for (float[] row : matrix) {
            int value = Math.round(row[0] * red + row[1] * green + row[2] * blue);
            recoloured = recoloured << 8 | Math.max(0, Math.min(255, value));
        }
        return recoloured;
    }

    /**
     * @param rgb three planes of one size
     * @return the same recoloured; values beyond 0 to 255 are cut off
     */
    public byte[] of(byte[] rgb) {
        int plane = rgb.length / 3;
        byte[] recoloured = new byte[rgb.length];
        for (int i = 0; i < plane; i++) {
            int red = rgb[i] & 255;
            int green = rgb[i + plane] & 255;
            int blue = rgb[i + 2 * plane] & 255;
            for (int channel = 0; channel < 3; channel++) {
                float[] row = matrix[channel];
                int value = Math.round(row[0] * red + row[1] * green + row[2] * blue);
                recoloured[i + channel * plane] = (byte) Math.max(0, Math.min(255, value));
            }
        }
        return recoloured;
    }
}
