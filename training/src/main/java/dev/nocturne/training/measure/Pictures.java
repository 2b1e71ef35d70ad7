package dev.nocturne.training.measure;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.awt.image.ConvolveOp;
import java.awt.image.Kernel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Contact sheets and picture measures. */
public final class Pictures {
    private static final int GAP = 4;
    private static final int SSIM_REACH = 5;

    private Pictures() {}

    /** Rows of equally large pictures, on grey. */
    public static BufferedImage sheet(List<List<BufferedImage>> rows) {
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

    /**
     * Mean structural similarity of the luma of two pictures of one size (Wang et al. 2004): 1 for
     * equals. Windows are Gaussian, 11×11 with deviation 1.5, and lie within the picture.
     */
    static double ssim(BufferedImage a, BufferedImage b) {
        int width = a.getWidth();
        int height = a.getHeight();
        double[] x = luma(a);
        double[] y = luma(b);
        double[] meanX = blurred(x, width, height);
        double[] meanY = blurred(y, width, height);
        double[] squareX = blurred(product(x, x), width, height);
        double[] squareY = blurred(product(y, y), width, height);
        double[] cross = blurred(product(x, y), width, height);
        double c1 = Math.pow(0.01 * 255, 2);
        double c2 = Math.pow(0.03 * 255, 2);
        double sum = 0;
        for (int i = 0; i < meanX.length; i++) {
            double means = meanX[i] * meanY[i];
            double squares = meanX[i] * meanX[i] + meanY[i] * meanY[i];
            double variances = squareX[i] + squareY[i] - squares;
            sum +=
                    (2 * means + c1)
                            * (2 * (cross[i] - means) + c2)
                            / ((squares + c1) * (variances + c2));
        }
        return sum / meanX.length;
    }

    private static double[] luma(BufferedImage picture) {
        int width = picture.getWidth();
        int[] rgb = picture.getRGB(0, 0, width, picture.getHeight(), null, 0, width);
        return Arrays.stream(rgb)
                .mapToDouble(
                        p -> 0.299 * (p >> 16 & 255) + 0.587 * (p >> 8 & 255) + 0.114 * (p & 255))
                .toArray();
    }

    private static double[] product(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).toArray();
    }

    /** Without the border where the window would reach over the edge. */
    private static double[] blurred(double[] values, int width, int height) {
        double[] window = new double[2 * SSIM_REACH + 1];
        double total = 0;
        for (int i = 0; i < window.length; i++) {
            window[i] = Math.exp(-Math.pow((i - SSIM_REACH) / 1.5, 2) / 2);
            total += window[i];
        }
        int innerWidth = width - 2 * SSIM_REACH;
        int innerHeight = height - 2 * SSIM_REACH;
        double[] rows = new double[innerWidth * height];
        double[] all = new double[innerWidth * innerHeight];
        for (int i = 0; i < window.length; i++) {
            double weight = window[i] / total;
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < innerWidth; x++) {
                    rows[y * innerWidth + x] += weight * values[y * width + x + i];
                }
            }
        }
        for (int i = 0; i < window.length; i++) {
            double weight = window[i] / total;
            for (int at = 0; at < all.length; at++) {
                all[at] += weight * rows[at + i * innerWidth];
            }
        }
        return all;
    }

    /**
     * A picture out of focus.
     *
     * @param deviation of the Gaussian, in pixels; 0: as it is. Beyond an edge the picture goes on
     *     as at the edge
     */
    public static BufferedImage blurred(BufferedImage picture, double deviation) {
        if (deviation == 0) {
            return picture;
        }
        int reach = (int) Math.ceil(3 * deviation);
        float[] window = new float[2 * reach + 1];
        float total = 0;
        for (int i = 0; i < window.length; i++) {
            window[i] = (float) Math.exp(-Math.pow((i - reach) / deviation, 2) / 2);
            total += window[i];
        }
        for (int i = 0; i < window.length; i++) {
            window[i] /= total;
        }
        int width = picture.getWidth();
        int height = picture.getHeight();
        BufferedImage wide =
                new BufferedImage(
                        width + 2 * reach, height + 2 * reach, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < wide.getHeight(); y++) {
            for (int x = 0; x < wide.getWidth(); x++) {
                wide.setRGB(
                        x, y, picture.getRGB(within(x - reach, width), within(y - reach, height)));
            }
        }
        BufferedImage across = convolved(wide, new Kernel(window.length, 1, window));
        return convolved(across, new Kernel(1, window.length, window))
                .getSubimage(reach, reach, width, height);
    }

    private static int within(int place, int size) {
        return Math.max(0, Math.min(place, size - 1));
    }

    private static BufferedImage convolved(BufferedImage picture, Kernel kernel) {
        return new ConvolveOp(kernel, ConvolveOp.EDGE_NO_OP, null).filter(picture, null);
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
