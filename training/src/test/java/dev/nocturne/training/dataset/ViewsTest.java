package dev.nocturne.training.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.picture.Pixels;
import dev.nocturne.runtime.PictureDecoder;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.WritableRaster;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ViewsTest {

    private static int pixel(byte[] rgb, int size, int x, int y) {
        return Pixels.picture(rgb, size).getRGB(x, y) & 0xFFFFFF;
    }

    @Test
    void whatIsTransparentLiesOverTheColour() {
        BufferedImage clear = new BufferedImage(8, 8, BufferedImage.TYPE_INT_ARGB);
        clear.setRGB(0, 0, 0xFF102030);
        byte[] rgb = new Views(Views.Crop.CENTRE, false, 0x8040C0).rgb(clear, 1, 0, 8);
        assertThat(pixel(rgb, 8, 0, 0)).isEqualTo(0x102030);
        assertThat(pixel(rgb, 8, 5, 5)).isEqualTo(0x8040C0);
    }

    @Test
    void greyWithTransparencyIsAsBrightAsItIs() throws Exception {
        ColorModel greyAndAlpha =
                new ComponentColorModel(
                        ColorSpace.getInstance(ColorSpace.CS_GRAY),
                        true,
                        false,
                        Transparency.TRANSLUCENT,
                        DataBuffer.TYPE_BYTE);
        WritableRaster raster = greyAndAlpha.createCompatibleWritableRaster(4, 4);
        for (int i = 0; i < 16; i++) {
            raster.setPixel(i % 4, i / 4, new int[] {100, i == 0 ? 0 : 255});
        }
        byte[] png =
                SampleFiles.encoded(new BufferedImage(greyAndAlpha, raster, false, null), "png");
        BufferedImage read = PictureDecoder.decode(png, PictureNames.READ);
        byte[] rgb = new Views(Views.Crop.CENTRE, false, 0x0000FF).rgb(read, 1, 0, 4);
        assertThat(pixel(rgb, 4, 3, 3)).isEqualTo(0x646464);
        assertThat(pixel(rgb, 4, 0, 0)).isEqualTo(0x0000FF);
    }

    @Test
    void aLyingPhotographStandsUpright() throws Exception {
        // wide, its left half lighter: upright, its upper half is
        byte[] file = SampleFiles.lyingJpeg(SampleFiles.picture(3, 32, 16));
        BufferedImage upright = PictureDecoder.decode(file, PictureNames.READ);
        assertThat(upright.getWidth()).isEqualTo(16);
        assertThat(upright.getHeight()).isEqualTo(32);
        assertThat(upright.getRGB(8, 4) >> 16 & 255)
                .isGreaterThan(upright.getRGB(8, 28) >> 16 & 255);
    }

    @Test
    void theFirstFrameOfAGifIsThePicture() throws Exception {
        byte[] gif = SampleFiles.encoded(SampleFiles.picture(3, 10, 6), "gif");
        assertThat(PictureDecoder.decode(gif, PictureNames.READ).getWidth()).isEqualTo(10);
    }

    @Test
    void everySecondViewIsMirroredWhereThatIsAskedFor() {
        BufferedImage picture = SampleFiles.picture(3, 16, 16);
        Views views = new Views(Views.Crop.CENTRE, true, 0xFFFFFF);
        assertThat(views.count()).isEqualTo(2);
        byte[] plain = views.rgb(picture, 1, 0, 16);
        byte[] mirrored = views.rgb(picture, 1, 1, 16);
        for (int x = 0; x < 16; x++) {
            assertThat(pixel(mirrored, 16, x, 5)).isEqualTo(pixel(plain, 16, 15 - x, 5));
        }
        assertThat(pixel(plain, 16, 0, 0)).isNotEqualTo(pixel(mirrored, 16, 0, 0));
        assertThat(Views.PLAIN.count()).isEqualTo(1);
    }

    @Test
    void aPaddedPictureIsWholeInTheMiddleOfASquare() {
        BufferedImage wide = new BufferedImage(40, 20, BufferedImage.TYPE_INT_ARGB);
        for (int y = 0; y < 20; y++) {
            wide.setRGB(0, y, 0xFF102030);
            wide.setRGB(39, y, 0xFF405060);
        }
        Views views = new Views(Views.Crop.PAD, false, 0x0000FF);
        assertThat(views.count()).isEqualTo(1);
        byte[] rgb = views.rgb(wide, 1, 0, 40);
        assertThat(pixel(rgb, 40, 0, 9)).as("above it").isEqualTo(0x0000FF);
        assertThat(pixel(rgb, 40, 0, 10)).as("its left edge").isEqualTo(0x102030);
        assertThat(pixel(rgb, 40, 39, 29)).as("its right edge").isEqualTo(0x405060);
        assertThat(pixel(rgb, 40, 20, 20)).as("transparent").isEqualTo(0x0000FF);
        assertThat(pixel(rgb, 40, 39, 30)).as("below it").isEqualTo(0x0000FF);
        assertThat(views.plain()).as("held-out pictures are whole, too").isEqualTo(views);

        BufferedImage line = new BufferedImage(30_000, 2, BufferedImage.TYPE_INT_RGB);
        assertThat(pixel(views.rgb(line, 1, 0, 8), 8, 3, 3)).as("a line of ink").isZero();
        assertThat(pixel(views.rgb(line, 1, 0, 8), 8, 3, 5)).isEqualTo(0x0000FF);
    }

    @Test
    void randomCropsLieWithinThePictureAndAreTheSameEveryTime() {
        BufferedImage picture = new BufferedImage(40, 20, BufferedImage.TYPE_INT_RGB);
        for (int x = 0; x < 40; x++) {
            for (int y = 0; y < 20; y++) {
                picture.setRGB(x, y, x * 6 << 16 | y * 12 << 8);
            }
        }
        Views views = new Views(Views.Crop.RANDOM, false, 0xFFFFFF);
        Set<Integer> begins = new HashSet<>();
        for (int view = 0; view < views.count(); view++) {
            byte[] rgb = views.rgb(picture, 5, view, 8);
            assertThat(rgb).isEqualTo(views.rgb(picture, 5, view, 8));
            begins.add(pixel(rgb, 8, 0, 0));
        }
        assertThat(begins).hasSizeGreaterThan(4);
        assertThat(views.rgb(picture, 6, 0, 8)).isNotEqualTo(views.rgb(picture, 5, 0, 8));
        BufferedImage pixel = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
        byte[] black = new byte[3 * 8 * 8];
        Arrays.fill(black, (byte) 0);
        assertThat(views.rgb(pixel, 5, 3, 8)).isEqualTo(black);
    }
}
