package dev.nocturne.training.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RecolouringTest {

    @Test
    void whatIsGreyStaysAsItIs() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] greys =
                planes(new int[] {0, 0, 0}, new int[] {255, 255, 255}, new int[] {90, 90, 90});
        for (int i = 0; i < 100; i++) {
            assertThat(Recolouring.random(random).of(greys)).isEqualTo(greys);
        }
    }

    @Test
    void aThirdOfATurnMakesRedGreen() {
        byte[] red = planes(new int[] {200, 0, 0});
        assertThat(Recolouring.of(2 * Math.PI / 3, 1).of(red))
                .isEqualTo(planes(new int[] {0, 200, 0}));
    }

    @Test
    void withoutSaturationAllIsGrey() {
        byte[] orange = planes(new int[] {240, 120, 0});
        assertThat(Recolouring.of(1, 0).of(orange)).isEqualTo(planes(new int[] {120, 120, 120}));
    }

    @Test
    void aPixelIsRecolouredAsAPlaneIsAndKeepsItsAlpha() {
        Recolouring third = Recolouring.of(2 * Math.PI / 3, 1);
        assertThat(third.of(0x40c80000)).isEqualTo(0x4000c800);
        assertThat(third.of(0xffffffff)).isEqualTo(0xffffffff);
    }

    /** Pixels as (red, green, blue) to three planes. */
    private static byte[] planes(int[]... pixels) {
        byte[] planes = new byte[3 * pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            for (int channel = 0; channel < 3; channel++) {
                planes[channel * pixels.length + i] = (byte) pixels[i][channel];
            }
        }
        return planes;
    }
}
