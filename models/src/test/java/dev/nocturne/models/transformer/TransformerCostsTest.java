package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture.Attention;
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

    /**
     * Against counts of the published files: 2.587 and 0.438 billion, with rows that are never
     * drawn.
     */
    @Test
    void anEncoderCountsForTheCaptionAlone() {
        DalleMiniTransformer mega =
                new DalleMiniTransformer(24, 24, 2048, 4096, 50272, 0, 2, 64, 16384, 16);
        DalleMiniTransformer mini =
                new DalleMiniTransformer(12, 12, 1024, 2730, 50264, 0, 2, 64, 16384, 16);
        TransformerCosts costs = TransformerCosts.of(mega, 2);
        assertThat(costs.parameters() / 1e9).isCloseTo(2.587, within(1e-3));
        assertThat(TransformerCosts.of(mini, 2).parameters() / 1e9).isCloseTo(0.438, within(1e-3));
        double d = 2048;
        // queries, keys, values, output and three of the feed-forward; two more for the caption
        double layer = 4 * d * d + 3 * d * 4096;
        assertThat(costs.flopsPerCaption() / (2 * 64 * 24 * (layer + 2 * d * d)))
                .isBetween(1.0, 1.02);
        assertThat(costs.flopsPerImage() / (2 * 256 * (24 * (layer + 2 * d * d) + 16384 * d)))
                .isBetween(1.0, 1.05);
        assertThat(costs.textKeyValueBytes()).isEqualTo(64L * 24 * 2 * 2048 * 2);
    }

    /**
     * A caption of one candidate reads its text for that one, a caption of twelve twice for twelve.
     */
    @Test
    void textIsSharedByEightAtMost() {
        TransformerCosts costs = TransformerCosts.of(published(Attention.SPARSE), 2);
        double image = costs.keyValueBytesRead() - costs.textKeyValueBytesRead() / 8;
        assertThat(costs.keyValueBytesRead(16)).isEqualTo(costs.keyValueBytesRead());
        assertThat(costs.keyValueBytesRead(1))
                .isCloseTo(image + costs.textKeyValueBytesRead(), within(1e3));
        assertThat(costs.keyValueBytesRead(12))
                .isCloseTo(image + costs.textKeyValueBytesRead() / 6, within(1e3));
    }

    /**
     * Layer by layer counts of others: dVAE 136.1 and 152.9, ViT-B/32 4.4 and 3.0 billion
     * multiplications.
     */
    @Test
    void thePublishedEncodersCostWhatOthersCounted() {
        DvaeArchitecture dvae = DvaeArchitecture.PUBLISHED;
        assertThat(dvae.flopsToEncode(256) / 2e9).isCloseTo(136.1, within(0.1));
        assertThat(dvae.flopsToDecode(256) / 2e9).isCloseTo(154.0 - 1.07, within(0.1));
        ClipArchitecture clip = ClipArchitecture.VIT_B_32;
        assertThat(clip.flopsPerPicture() / 2e9).isCloseTo(4.4, within(0.1));
        assertThat(clip.flopsPerCaption() / 2e9).isCloseTo(3.0, within(0.1));
    }

    @Test
    void trainingCostsSixOperationsAWeightAndToken() {
        TransformerArchitecture paper = TransformerArchitecture.PUBLISHED;
        double blocks = 12.0 * paper.width() * paper.width() * paper.layers();
        assertThat(TransformerCosts.flopsPerTrainingExample(paper) / (6 * blocks * 1279))
                .isBetween(1.0, 1.15);
    }
}
