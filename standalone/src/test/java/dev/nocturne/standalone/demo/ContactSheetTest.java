package dev.nocturne.standalone.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class ContactSheetTest {
    private static final int RED = 0xffff0000;
    private static final int BLUE = 0xff0000ff;
    private static final int WHITE = 0xffffffff;

    private static byte[] png(int rgb) throws IOException {
        BufferedImage picture = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64 * 64; i++) {
            picture.setRGB(i % 64, i / 64, rgb);
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", png);
        return png.toByteArray();
    }

    @Test
    void showsThePicturesInOrderMagnifiedByThree() throws IOException {
        byte[] png = ContactSheet.of(List.of(png(RED), png(BLUE)));

        BufferedImage sheet = ImageIO.read(new ByteArrayInputStream(png));
        assertThat(sheet.getWidth()).isEqualTo(3 * 8 + 2 * 192);
        assertThat(sheet.getHeight()).isEqualTo(2 * 8 + 192);
        assertThat(sheet.getRGB(0, 0)).isEqualTo(WHITE);
        assertThat(sheet.getRGB(8, 8)).isEqualTo(RED);
        assertThat(sheet.getRGB(8 + 191, 8 + 191)).isEqualTo(RED);
        assertThat(sheet.getRGB(8 + 192 + 4, 100)).isEqualTo(WHITE);
        assertThat(sheet.getRGB(8 + 192 + 8, 8)).isEqualTo(BLUE);
    }
}
