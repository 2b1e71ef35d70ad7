package dev.nocturne.training.data;

import java.util.Arrays;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * Colours that paintable drawings are painted in. More than {@link BasicColour}: what is painted
 * need not be measured.
 */
enum Paint {
    RED(0xe02d2d),
    ORANGE(0xf58a07),
    YELLOW(0xf9d12b),
    GREEN(0x3aa845),
    BLUE(0x2f6fe4),
    PURPLE(0x8e3fc0),
    PINK(0xf272b0),
    BROWN(0x8a5a33),
    GREY(0x8c8f94),
    BLACK(0x222222);

    /**
     * Blue above red in the tone of paintable drawings that becomes the colour, #2f88ff. Mixed with
     * white, it is their second tone.
     */
    private static final int STAND_IN_EXCESS = 0xff - 0x2f;

    /** How far a channel may lie from the colour's own. */
    private static final int SPREAD = 10;

    private final int rgb;

    Paint(int rgb) {
        this.rgb = rgb;
    }

    /** As captions say it. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Paint any(RandomGenerator random) {
        return values()[random.nextInt(values().length)];
    }

    /**
     * Whether the stand-in is seen of a drawing well enough that it may be called by a colour: it,
     * or half of it in the second tone, is on a quarter of what is drawn.
     */
    static boolean shows(Sprite sprite) {
        long drawn = Arrays.stream(sprite.argb()).filter(argb -> argb >>> 24 > 127).count();
        long painted =
                Arrays.stream(sprite.argb())
                        .filter(argb -> argb >>> 24 > 127)
                        .filter(argb -> (argb & 255) - (argb >> 16 & 255) > STAND_IN_EXCESS / 3)
                        .count();
        return 4 * painted >= drawn;
    }

    /**
     * Puts a shade of this colour in the place of the stand-in, and mixtures of it with white and
     * black in the place of those. A pixel holds as much of the stand-in as its blue is above its
     * red.
     */
    Recolouring shade(RandomGenerator random) {
        float[][] matrix = new float[3][];
        for (int channel = 0; channel < 3; channel++) {
            int value = rgb >> 16 - 8 * channel & 255;
            value = Math.max(0, Math.min(255, value + random.nextInt(-SPREAD, SPREAD + 1)));
            float change = (value - 255f) / STAND_IN_EXCESS;
            matrix[channel] = new float[] {-change, 0, 1 + change};
        }
        return new Recolouring(matrix);
    }
}
