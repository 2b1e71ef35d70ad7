package dev.nocturne.training.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PicturesTest {
    @Test
    void measuresErrorsAndPerplexity() {
        BufferedImage black = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
        BufferedImage half = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
        half.setRGB(0, 0, 0xffffff);
        assertThat(Pictures.squaredError(black, half)).isCloseTo(255.0 * 255 / 2, within(1e-9));
        assertThat(Pictures.psnr(Pictures.squaredError(black, half)))
                .isCloseTo(3.0103, within(1e-4));
        assertThat(Pictures.perplexity(new long[] {3, 3, 3, 3, 0})).isCloseTo(4, within(1e-9));
        assertThat(Pictures.perplexity(new long[] {7, 0})).isCloseTo(1, within(1e-9));
    }

    @Test
    void retrievalRanksByCosine() {
        Retrieval retrieval =
                new Retrieval(new float[][] {{0.9f, 0.1f, 0.3f}, {0.5f, 0.4f, 0.6f}, {0, 0, 1}});
        assertThat(retrieval.ranking(1)).containsExactly(2, 0, 1);
        assertThat(retrieval.recall(1)).isCloseTo(2 / 3.0, within(1e-9));
        assertThat(retrieval.recall(3)).isEqualTo(1);
    }

    @Test
    void structuralSimilarityIsOneForEqualsAndFallsWithNoise() {
        Random random = new Random(4);
        BufferedImage picture = new BufferedImage(32, 24, BufferedImage.TYPE_INT_RGB);
        BufferedImage noisy = new BufferedImage(32, 24, BufferedImage.TYPE_INT_RGB);
        BufferedImage inverse = new BufferedImage(32, 24, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 24; y++) {
            for (int x = 0; x < 32; x++) {
                int grey = 8 * ((x * 3 + y * 5) % 32);
                picture.setRGB(x, y, grey * 0x010101);
                noisy.setRGB(x, y, Math.min(255, grey + random.nextInt(40)) * 0x010101);
                inverse.setRGB(x, y, (255 - grey) * 0x010101);
            }
        }
        assertThat(Pictures.ssim(picture, picture)).isCloseTo(1, within(1e-9));
        assertThat(Pictures.ssim(picture, noisy)).isBetween(0.5, 0.99);
        assertThat(Pictures.ssim(picture, inverse)).isNegative();
    }

    @Test
    void aBlurSpreadsAPointAsAGaussianAndLeavesWhatIsFlat() {
        BufferedImage picture = new BufferedImage(21, 15, BufferedImage.TYPE_INT_RGB);
        picture.setRGB(10, 7, 0xffffff);
        BufferedImage blurred = Pictures.blurred(picture, 1);
        int middle = blurred.getRGB(10, 7) & 255;
        assertThat(middle).isCloseTo((int) (255 / (2 * Math.PI)), within(2));
        assertThat(blurred.getRGB(11, 7) & 255)
                .isCloseTo((int) (middle * Math.exp(-0.5)), within(2))
                .isEqualTo(blurred.getRGB(10, 6) & 255)
                .isEqualTo(blurred.getRGB(9, 7) & 255);
        assertThat(Pictures.blurred(picture, 0)).isSameAs(picture);

        BufferedImage grey = new BufferedImage(5, 4, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 20; i++) {
            grey.setRGB(i % 5, i / 5, 0x646464);
        }
        BufferedImage still = Pictures.blurred(grey, 4);
        assertThat(still.getWidth()).isEqualTo(5);
        assertThat(still.getRGB(0, 0) & 255).isCloseTo(100, within(1));
        assertThat(still.getRGB(4, 3) & 255).isCloseTo(100, within(1));
    }

    @Test
    void theNearestDrawingIsTheOneItself() {
        BufferedImage stripes = new BufferedImage(48, 48, BufferedImage.TYPE_INT_RGB);
        BufferedImage blot = new BufferedImage(48, 48, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 48; i += 8) {
            stripes.createGraphics().fillRect(0, i, 48, 4);
        }
        blot.createGraphics().fillOval(4, 4, 30, 30);
        Nearest nearest = new Nearest(List.of(stripes, blot));
        assertThat(nearest.to(blot).drawing()).isSameAs(blot);
        assertThat(nearest.to(blot).correlation()).isCloseTo(1, within(1e-5));
        assertThat(nearest.to(stripes).drawing()).isSameAs(stripes);
    }
}
