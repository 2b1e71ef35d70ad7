package dev.nocturne.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.AlphaComposite;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import org.junit.jupiter.api.Test;

/** Of pictures of 4x4 tokens. */
class ImagePromptMaskTest {

    /** Opaque but for a rectangle. */
    private static BufferedImage mask(int width, int height, int x, int y, int w, int h) {
        BufferedImage mask = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
        Graphics2D graphics = mask.createGraphics();
        graphics.fillRect(0, 0, width, height);
        graphics.setComposite(AlphaComposite.Clear);
        graphics.fillRect(x, y, w, h);
        graphics.dispose();
        return mask;
    }

    private static ImagePromptMask kept(BufferedImage mask) {
        return ImagePromptMask.of(mask, 4, 4);
    }

    @Test
    void keepsRowsAtTheTopColumnsAtTheLeftOrBoth() {
        assertThat(kept(mask(64, 64, 0, 32, 64, 32))).isEqualTo(new ImagePromptMask(2, 0));
        assertThat(kept(mask(64, 64, 16, 0, 48, 64))).isEqualTo(new ImagePromptMask(0, 1));
        assertThat(kept(mask(64, 64, 48, 16, 16, 48))).isEqualTo(new ImagePromptMask(1, 3));
    }

    @Test
    void aTokenWithAnyTransparentPixelIsDrawn() {
        assertThat(kept(mask(64, 64, 0, 31, 64, 33))).isEqualTo(new ImagePromptMask(1, 0));
        assertThat(kept(mask(64, 64, 0, 33, 64, 31))).isEqualTo(new ImagePromptMask(2, 0));
        // a stripe that is no token wide is kept by nobody
        assertThat(kept(mask(64, 64, 0, 32, 60, 32))).isEqualTo(new ImagePromptMask(2, 0));
    }

    @Test
    void aRowOfPixelsMayBelongToTwoRowsOfTokens() {
        assertThat(kept(mask(10, 10, 0, 5, 10, 5))).isEqualTo(new ImagePromptMask(2, 0));
        assertThat(kept(mask(11, 11, 0, 5, 11, 6))).isEqualTo(new ImagePromptMask(1, 0));
        assertThat(kept(mask(11, 11, 0, 6, 11, 5))).isEqualTo(new ImagePromptMask(2, 0));
        assertThat(kept(mask(3, 3, 0, 1, 3, 2))).as("small").isEqualTo(new ImagePromptMask(1, 0));
    }

    @Test
    void theMiddleSquareCountsAsOfThePicture() {
        assertThat(kept(mask(128, 64, 32 + 16, 0, 48, 64))).isEqualTo(new ImagePromptMask(0, 1));
        assertThat(kept(mask(64, 128, 0, 32 + 48, 64, 48))).isEqualTo(new ImagePromptMask(3, 0));
        assertRefused(mask(128, 64, 0, 0, 32, 64), "no transparent pixel in its middle square");
    }

    @Test
    void onlyWhatIsWhollyTransparentIsDrawn() {
        BufferedImage faint = mask(64, 64, 0, 32, 64, 32);
        for (int x = 0; x < 64; x++) {
            for (int y = 16; y < 32; y++) {
                faint.setRGB(x, y, 0x01FFFFFF);
            }
        }
        assertThat(kept(faint)).isEqualTo(new ImagePromptMask(2, 0));
    }

    @Test
    void otherPartsAreRefusedInWords() {
        String order = "keeps a part to the right of what is drawn, or below";
        assertRefused(mask(64, 64, 0, 0, 64, 32), order);
        assertRefused(mask(64, 64, 0, 0, 32, 64), order);
        assertRefused(mask(64, 64, 16, 16, 32, 32), order);
        assertRefused(mask(64, 64, 1, 1, 63, 63), "keeps no whole row of 4 tokens");
        assertRefused(mask(64, 64, 0, 0, 64, 64), "keeps no whole row of 4 tokens");
        assertRefused(mask(64, 64, 0, 0, 0, 0), "has no transparent pixel");
        assertRefused(
                new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB), "has no transparent pixel");
    }

    private static void assertRefused(BufferedImage mask, String words) {
        assertThatExceptionOfType(PermanentException.class)
                .isThrownBy(() -> kept(mask))
                .withMessageStartingWith("the mask ")
                .withMessageContaining(words)
                .extracting(PermanentException::reasonCode)
                .isEqualTo(ReasonCodes.INVALID_OPTION);
    }
}
