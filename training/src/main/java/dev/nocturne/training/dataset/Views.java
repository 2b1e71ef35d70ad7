package dev.nocturne.training.dataset;

import dev.nocturne.models.picture.Pixels;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * What of a picture is shown: squares of it in the model's size. A picture has a fixed number of
 * views, so that their tokens can be computed once.
 *
 * @param crop which squares
 * @param mirrored whether each view is also shown mirrored; captions that say left or right then
 *     lie
 * @param background under transparent pixels, as 0xRRGGBB
 */
public record Views(Crop crop, boolean mirrored, int background) {

    /** Which squares of a picture are shown. */
    public enum Crop {
        /** The middle one, as large as fits. */
        CENTRE,
        /** Eight anywhere, each with at least three quarters of the largest one's side. */
        RANDOM
    }

    /** As it is, on white. */
    public static final Views PLAIN = new Views(Crop.CENTRE, false, 0xFFFFFF);

    private static final int RANDOM_CROPS = 8;
    private static final double LEAST_SIDE = 0.75;

    /** The plain view alone, over the same background. */
    Views plain() {
        return new Views(Crop.CENTRE, false, background);
    }

    /** Of each picture. */
    int count() {
        return (crop == Crop.CENTRE ? 1 : RANDOM_CROPS) * (mirrored ? 2 : 1);
    }

    /**
     * A view as the models take it.
     *
     * @param hash of the picture, which decides where its random crops lie
     * @param view from 0 to {@code count() - 1}
     * @return unsigned bytes {@code [3, size, size]}
     */
    byte[] rgb(BufferedImage picture, long hash, int view, int size) {
        BufferedImage square = cropped(picture, hash, mirrored ? view / 2 : view);
        BufferedImage fitted = Pixels.fit(on(background, square), size);
        byte[] rgb = Pixels.planar(fitted);
        if (mirrored && view % 2 == 1) {
            mirror(rgb, size);
        }
        return rgb;
    }

    private BufferedImage cropped(BufferedImage picture, long hash, int number) {
        if (crop == Crop.CENTRE) {
            return Pixels.middleSquare(picture);
        }
        RandomGenerator random = new SplittableRandom(hash + number);
        int largest = Math.min(picture.getWidth(), picture.getHeight());
        int side = Math.max(1, (int) Math.round(largest * random.nextDouble(LEAST_SIDE, 1)));
        return picture.getSubimage(
                random.nextInt(picture.getWidth() - side + 1),
                random.nextInt(picture.getHeight() - side + 1),
                side,
                side);
    }

    private static BufferedImage on(int background, BufferedImage picture) {
        if (!picture.getColorModel().hasAlpha()) {
            return picture;
        }
        BufferedImage opaque =
                new BufferedImage(
                        picture.getWidth(), picture.getHeight(), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = opaque.createGraphics();
        graphics.drawImage(picture, 0, 0, new Color(background), null);
        graphics.dispose();
        return opaque;
    }

    private static void mirror(byte[] rgb, int size) {
        for (int row = 0; row < rgb.length; row += size) {
            for (int left = row, right = row + size - 1; left < right; left++, right--) {
                byte swapped = rgb[left];
                rgb[left] = rgb[right];
                rgb[right] = swapped;
            }
        }
    }
}
