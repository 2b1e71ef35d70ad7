package dev.nocturne.standalone.terminal;

import java.awt.Image;
import java.awt.image.BufferedImage;

/** A picture as text for a terminal that shows 24-bit colours: two pixels to a character. */
final class TerminalPicture {

    /** The upper half in the text's colour, the lower in the background's. */
    private static final char HALF = '\u2580';

    private TerminalPicture() {}

    /** Fits into so many columns and half as many lines. */
    static String of(BufferedImage picture, int columns) {
        BufferedImage small = shrunk(picture, columns);
        StringBuilder text = new StringBuilder();
        for (int y = 0; y + 1 < small.getHeight(); y += 2) {
            for (int x = 0; x < small.getWidth(); x++) {
                text.append(colour(38, small.getRGB(x, y)));
                text.append(colour(48, small.getRGB(x, y + 1)));
                text.append(HALF);
            }
            text.append("\u001b[0m\n");
        }
        return text.toString();
    }

    private static String colour(int ground, int rgb) {
        return "\u001b[%d;2;%d;%d;%dm"
                .formatted(ground, rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255);
    }

    private static BufferedImage shrunk(BufferedImage picture, int size) {
        BufferedImage small = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        Image scaled = picture.getScaledInstance(size, size, Image.SCALE_AREA_AVERAGING);
        small.getGraphics().drawImage(scaled, 0, 0, null);
        return small;
    }
}
