package dev.nocturne.training.data;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/**
 * Colour words a picture can be measured against. Only those that people and an HSL rule agree on:
 * white, grey, black and brown are left out because their borders are disputed, and so is the
 * turquoise between green and blue.
 */
public enum BasicColour {
    RED,
    ORANGE,
    YELLOW,
    GREEN,
    BLUE,
    PURPLE,
    PINK;

    /** As captions say it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The colour of the most RGB pixels, or none if no pixel has one. */
    public static Optional<BasicColour> ofMost(int[] pixels) {
        int[] counts = new int[values().length];
        for (int pixel : pixels) {
            of(pixel).ifPresent(colour -> counts[colour.ordinal()]++);
        }
        return Arrays.stream(values())
                .filter(colour -> counts[colour.ordinal()] > 0)
                .max(Comparator.comparingInt(colour -> counts[colour.ordinal()]));
    }

    /** The colour of an RGB pixel by hue (degrees), saturation and lightness, or none. */
    static Optional<BasicColour> of(int rgb) {
        double red = (rgb >> 16 & 255) / 255.0;
        double green = (rgb >> 8 & 255) / 255.0;
        double blue = (rgb & 255) / 255.0;
        double max = Math.max(red, Math.max(green, blue));
        double min = Math.min(red, Math.min(green, blue));
        double lightness = (max + min) / 2;
        double chroma = max - min;
        double saturation = chroma == 0 ? 0 : chroma / (1 - Math.abs(2 * lightness - 1));
        if (chroma < 0.15 || saturation < 0.3 || lightness < 0.15 || lightness > 0.93) {
            return Optional.empty();
        }
        double sector;
        if (max == red) {
            sector = (green - blue) / chroma;
        } else if (max == green) {
            sector = (blue - red) / chroma + 2;
        } else {
            sector = (red - green) / chroma + 4;
        }
        double hue = (60 * sector + 360) % 360;
        if (hue >= 350 || hue < 12) {
            if (lightness > 0.72) {
                return Optional.of(PINK);
            }
            // duller than this, the same hue is brown
            return saturation >= 0.6 && lightness >= 0.32 && lightness <= 0.65
                    ? Optional.of(RED)
                    : Optional.empty();
        }
        if (hue < 16) {
            return Optional.empty();
        }
        if (hue < 34) {
            // darker, duller or paler than this, the same hue is brown, tan or skin
            return saturation >= 0.8 && lightness >= 0.45 && lightness <= 0.62
                    ? Optional.of(ORANGE)
                    : Optional.empty();
        }
        if (hue < 44) {
            return Optional.empty(); // amber: some say orange, some yellow
        }
        if (hue < 62) {
            return lightness >= 0.4 && saturation >= 0.5 ? Optional.of(YELLOW) : Optional.empty();
        }
        if (hue < 80) {
            return Optional.empty();
        }
        if (hue < 165) {
            return Optional.of(GREEN);
        }
        if (hue < 190) {
            return Optional.empty();
        }
        if (hue < 250) {
            return Optional.of(BLUE);
        }
        if (hue < 295) {
            return Optional.of(PURPLE);
        }
        // between purple, pink and crimson only the lighter tones are surely pink
        return lightness >= (hue < 320 ? 0.5 : 0.6) ? Optional.of(PINK) : Optional.empty();
    }
}
