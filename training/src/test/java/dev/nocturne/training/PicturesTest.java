package dev.nocturne.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
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
}
