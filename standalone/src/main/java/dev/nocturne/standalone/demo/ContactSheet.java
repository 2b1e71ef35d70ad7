package dev.nocturne.standalone.demo;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;

/** The pictures of one caption side by side, best first, in whole-number magnification. */
final class ContactSheet {
    private static final int MARGIN_PIXELS = 8;
    private static final int FULL_SIDE_PIXELS = 192;

    private ContactSheet() {}

    /**
     * @param pngs at least one picture; all of one size
     * @return the sheet as a PNG file
     */
    static byte[] of(List<byte[]> pngs) throws IOException {
        BufferedImage first = ImageIO.read(new ByteArrayInputStream(pngs.get(0)));
        int scale = Math.max(1, FULL_SIDE_PIXELS / first.getWidth());
        int width = first.getWidth() * scale;
        int height = first.getHeight() * scale;
        BufferedImage sheet =
                new BufferedImage(
                        MARGIN_PIXELS + pngs.size() * (width + MARGIN_PIXELS),
                        height + 2 * MARGIN_PIXELS,
                        BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int i = 0; i < pngs.size(); i++) {
            BufferedImage picture = ImageIO.read(new ByteArrayInputStream(pngs.get(i)));
            int left = MARGIN_PIXELS + i * (width + MARGIN_PIXELS);
            // nearest neighbour: every pixel of the model stays to be seen
            graphics.drawImage(picture, left, MARGIN_PIXELS, width, height, null);
        }
        graphics.dispose();
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(sheet, "png", png);
        return png.toByteArray();
    }
}
