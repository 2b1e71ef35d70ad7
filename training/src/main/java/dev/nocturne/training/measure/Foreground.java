package dev.nocturne.training.measure;

import dev.nocturne.models.picture.Pixels;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;

/** The drawn part of a picture on white, whatever its place and size there. */
public final class Foreground {
    /** A pixel with a channel darker than this is drawn; what a dVAE leaves on white is lighter. */
    private static final int PAPER = 215;

    /** A row or column with fewer drawn pixels is a speck's. */
    private static final int SPECK = 2;

    private Foreground() {}

    /** The smallest square about what is drawn, white beyond it, resized to {@code size}². */
    public static BufferedImage square(BufferedImage picture, int size) {
        Rectangle box = bounds(picture);
        int side = Math.max(1, Math.max(box.width, box.height));
        BufferedImage square = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = square.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, side, side);
        if (!box.isEmpty()) {
            graphics.drawImage(
                    picture.getSubimage(box.x, box.y, box.width, box.height),
                    (side - box.width) / 2,
                    (side - box.height) / 2,
                    null);
        }
        graphics.dispose();
        return Pixels.fit(square, size);
    }

    private static Rectangle bounds(BufferedImage picture) {
        int width = picture.getWidth();
        int height = picture.getHeight();
        int[] inRow = new int[height];
        int[] inColumn = new int[width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int rgb = picture.getRGB(x, y);
                if (Math.min(rgb >> 16 & 255, Math.min(rgb >> 8 & 255, rgb & 255)) < PAPER) {
                    inRow[y]++;
                    inColumn[x]++;
                }
            }
        }
        int[] rows = extent(inRow);
        int[] columns = extent(inColumn);
        return new Rectangle(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0]);
    }

    /** The first and after the last index with enough ink; both 0 if there is none. */
    private static int[] extent(int[] counts) {
        int from = 0;
        int to = counts.length;
        while (to > 0 && counts[to - 1] < SPECK) {
            to--;
        }
        while (from < to && counts[from] < SPECK) {
            from++;
        }
        return new int[] {from, to};
    }
}
