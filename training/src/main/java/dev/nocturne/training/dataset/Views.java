package dev.nocturne.training.dataset;

import dev.nocturne.models.picture.Pixels;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * What of a picture is shown: squares of the model's size. A picture has a fixed number of views,
 * so that their tokens can be computed once.
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
        /** The smallest one around the whole picture, which lies in its middle. */
        PAD,
        /** Eight anywhere, each with at least three quarters of the largest one's side. */
        RANDOM
    }

    /** As it is, on white. */
    public static final Views PLAIN = new Views(Crop.CENTRE, false, 0xFFFFFF);

    private static final int RANDOM_CROPS = 8;
    private static final double LEAST_SIDE = 0.75;

    /** The plain view alone, over the same background. */
    Views plain() {
        return new Views(crop == Crop.RANDOM ? Crop.CENTRE : crop, false, background);
    }

    /** Of each picture. */
    int count() {
        return (crop == Crop.RANDOM ? RANDOM_CROPS : 1) * (mirrored ? 2 : 1);
    }

    /**
     * A view as the models take it.
     *
     * @param hash of the picture, which decides where its random crops lie
     * @param view from 0 to {@code count() - 1}
     * @return unsigned bytes {@code [3, size, size]}
     */
    byte[] rgb(BufferedImage picture, long hash, int view, int size) {
        byte[] rgb = Pixels.planar(fitted(picture, hash, mirrored ? view / 2 : view, size));
        if (mirrored && view % 2 == 1) {
            mirror(rgb, size);
        }
        return rgb;
    }

    private BufferedImage fitted(BufferedImage picture, long hash, int number, int size) {
        if (crop == Crop.PAD) {
            return Pixels.pad(on(background, picture), size, new Color(background));
        }
        return Pixels.fit(on(background, cropped(picture, hash, number)), size);
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
