package dev.nocturne.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.models.TransformerArchitecture.Attention;
import org.junit.jupiter.api.Test;

class TransformerCostsTest {
    private static final double GB = 1e9;

    private static TransformerArchitecture published(Attention attention) {
        TransformerArchitecture paper = TransformerArchitecture.PUBLISHED;
        return new TransformerArchitecture(
                paper.layers(),
                paper.width(),
                paper.textVocabulary(),
                paper.textLength(),
                paper.imageVocabulary(),
                paper.gridSize(),
                attention);
    }

    /** Against the paper's own figures: 12 billion parameters, 24 GB of weights. */
    @Test
    void thePublishedModelIsAsLargeAsThePaperSays() {
        TransformerCosts costs = TransformerCosts.of(published(Attention.SPARSE), 2);
        assertThat(costs.parameters() / 1e9).isCloseTo(12.3, within(0.1));
        assertThat(costs.weightBytes() / GB).isCloseTo(24.6, within(0.2));
        // 12 d^2 per layer, two operations each, over 1,024 tokens
        assertThat(costs.flopsPerImage() / 1e12).isCloseTo(25, within(1.0));
    }

    @Test
    void sparsePatternsKeepAndReadLess() {
        TransformerCosts sparse = TransformerCosts.of(published(Attention.SPARSE), 2);
        TransformerCosts dense = TransformerCosts.of(published(Attention.DENSE), 2);
        // rows 33, columns 1,024, the convolution 166: of 64 layers of 1,024
        assertThat(sparse.keyValueBytes()).isEqualTo((47 * 33L + 16 * 1024L + 166) * 2 * 3968 * 2);
        assertThat(dense.keyValueBytes()).isEqualTo(64 * 1024L * 2 * 3968 * 2);
        assertThat(sparse.keyValueBytesRead() / sparse.denseKeyValueBytesRead()).isLessThan(0.35);
        assertThat(dense.keyValueBytesRead()).isLessThan(dense.denseKeyValueBytesRead());
        assertThat(sparse.denseKeyValueBytesRead()).isEqualTo(dense.denseKeyValueBytesRead());
    }

    @Test
    void aBatchFitsBesideTheWeightsOrNotAtAll() {
        TransformerCosts costs = TransformerCosts.of(published(Attention.SPARSE), 2);
        assertThat(costs.batch(80 * GB)).isBetween(120L, 170L);
        assertThat(costs.batch(24 * GB)).isZero();
    }
}
