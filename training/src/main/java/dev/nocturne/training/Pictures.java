package dev.nocturne.training;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;

/** Contact sheets and picture measures. */
final class Pictures {
    private static final int GAP = 4;

    private Pictures() {}

    /** Rows of equally large pictures, on grey. */
    static BufferedImage sheet(List<List<BufferedImage>> rows) {
        int cell = rows.get(0).get(0).getWidth() + GAP;
        int columns = rows.stream().mapToInt(List::size).max().orElseThrow();
        BufferedImage sheet =
                new BufferedImage(
                        columns * cell + GAP, rows.size() * cell + GAP, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setColor(Color.LIGHT_GRAY);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int row = 0; row < rows.size(); row++) {
            for (int column = 0; column < rows.get(row).size(); column++) {
                graphics.drawImage(
                        rows.get(row).get(column), GAP + column * cell, GAP + row * cell, null);
            }
        }
        graphics.dispose();
        return sheet;
    }

    /** Mean squared error per value of two pictures of one size, values 0 to 255. */
    static double squaredError(BufferedImage a, BufferedImage b) {
        double sum = 0;
        for (int y = 0; y < a.getHeight(); y++) {
            for (int x = 0; x < a.getWidth(); x++) {
                int p = a.getRGB(x, y);
                int q = b.getRGB(x, y);
                for (int shift = 0; shift <= 16; shift += 8) {
                    int difference = (p >> shift & 255) - (q >> shift & 255);
                    sum += difference * difference;
                }
            }
        }
        return sum / (3.0 * a.getWidth() * a.getHeight());
    }

    /** Peak signal-to-noise ratio in decibels. */
    static double psnr(double squaredError) {
        return 10 * Math.log10(255 * 255 / squaredError);
    }

    /** exp of the entropy of a histogram: how many values are in use, each weighed by its share. */
    static double perplexity(long[] counts) {
        double total = 0;
        for (long count : counts) {
            total += count;
        }
        double entropy = 0;
        for (long count : counts) {
            if (count > 0) {
                entropy -= count / total * Math.log(count / total);
            }
        }
        return Math.exp(entropy);
    }
}
