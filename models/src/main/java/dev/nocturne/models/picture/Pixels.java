package dev.nocturne.models.picture;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.Rectangle;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;

/** Between Java's pictures and the models' planes of red, green and blue. */
public final class Pixels {
    private Pixels() {}

    /** The middle square on white, resized to {@code size}² by averaging areas when it shrinks. */
    public static BufferedImage fit(BufferedImage picture, int size) {
        BufferedImage fitted = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = fitted.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, size, size);
        draw(middleSquare(picture), graphics, new Rectangle(size, size));
        graphics.dispose();
        return fitted;
    }

    /**
     * The whole picture in the middle of {@code size}² of the colour, resized like {@link #fit}.
     */
    public static BufferedImage pad(BufferedImage picture, int size, Color colour) {
        double scale = (double) size / Math.max(picture.getWidth(), picture.getHeight());
        int width = Math.max(1, (int) Math.round(scale * picture.getWidth()));
        int height = Math.max(1, (int) Math.round(scale * picture.getHeight()));
        BufferedImage padded = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = padded.createGraphics();
        graphics.setColor(colour);
        graphics.fillRect(0, 0, size, size);
        draw(
                picture,
                graphics,
                new Rectangle((size - width) / 2, (size - height) / 2, width, height));
        graphics.dispose();
        return padded;
    }

    private static void draw(BufferedImage picture, Graphics2D graphics, Rectangle at) {
        if (picture.getWidth() > at.width || picture.getHeight() > at.height) {
            Image shrunk =
                    picture.getScaledInstance(at.width, at.height, Image.SCALE_AREA_AVERAGING);
            graphics.drawImage(shrunk, at.x, at.y, null);
        } else {
            graphics.setRenderingHint(
                    RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
            graphics.drawImage(picture, at.x, at.y, at.width, at.height, null);
        }
    }

    /** What of a picture the models see; shares its pixels. */
    public static BufferedImage middleSquare(BufferedImage picture) {
        int side = Math.min(picture.getWidth(), picture.getHeight());
        return picture.getSubimage(
                (picture.getWidth() - side) / 2, (picture.getHeight() - side) / 2, side, side);
    }

    /** The picture without transparency: what is transparent is white. */
    public static BufferedImage onWhite(BufferedImage picture) {
        BufferedImage opaque =
                new BufferedImage(
                        picture.getWidth(), picture.getHeight(), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = opaque.createGraphics();
        graphics.drawImage(picture, 0, 0, Color.WHITE, null);
        graphics.dispose();
        return opaque;
    }

    /** A picture of type RGB as unsigned bytes {@code [3, height, width]}. */
    public static byte[] planar(BufferedImage picture) {
        int[] rgb =
                picture.getRGB(
                        0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
        byte[] planar = new byte[3 * rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            planar[i] = (byte) (rgb[i] >> 16);
            planar[rgb.length + i] = (byte) (rgb[i] >> 8);
            planar[2 * rgb.length + i] = (byte) rgb[i];
        }
        return planar;
    }

    /** Unsigned bytes {@code [3, size, size]} as a picture. */
    public static BufferedImage picture(byte[] planar, int size) {
        BufferedImage picture = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        int[] rgb = ((DataBufferInt) picture.getRaster().getDataBuffer()).getData();
        int plane = size * size;
        for (int i = 0; i < plane; i++) {
            rgb[i] =
                    (planar[i] & 255) << 16
                            | (planar[plane + i] & 255) << 8
                            | planar[2 * plane + i] & 255;
        }
        return picture;
    }
}
