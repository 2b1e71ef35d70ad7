package dev.nocturne.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.PaintedSizes;
import dev.nocturne.schemas.EventCodec;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PreviewRendererTest {

    private static final int NEUTRAL = 0x808080;
    private static final int BROKEN = 0x666;

    private final List<PartialImageRendered> images = new ArrayList<>();
    private final AtomicLong nanos = new AtomicLong();
    private int opened;
    private final PreviewRenderer previews =
            new PreviewRenderer(
                    () -> {
                        opened++;
                        return new TokensAsPixels();
                    },
                    images::add,
                    nanos::get,
                    nanos::get);

    /** A pixel a token, in a millisecond; no code is {@link #BROKEN}. */
    private final class TokensAsPixels implements GridRenderer {

        @Override
        public String model() {
            return Examples.MODEL;
        }

        @Override
        public String dvae() {
            return "dvae@1";
        }

        @Override
        public int gridSize() {
            return 2;
        }

        @Override
        public Integer textTokens(String caption) {
            return null;
        }

        @Override
        public int neutralToken() {
            return NEUTRAL & 0xffff;
        }

        @Override
        public PaintedSizes sizes() {
            return new PaintedSizes(model(), List.of(2), 2);
        }

        @Override
        public BufferedImage enlarge(BufferedImage picture) {
            throw new AssertionError("previews are shown as they are");
        }

        @Override
        public List<BufferedImage> render(List<TokenGrid> grids) {
            nanos.addAndGet(Duration.ofMillis(grids.size()).toNanos());
            return grids.stream().map(TokensAsPixels::picture).toList();
        }

        private static BufferedImage picture(TokenGrid grid) {
            BufferedImage picture = new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB);
            for (int i = 0; i < 4; i++) {
                if (grid.tokens()[i] == BROKEN) {
                    throw new IllegalArgumentException("token is not in the codebook");
                }
                picture.setRGB(i % 2, i / 2, grid.tokens()[i]);
            }
            return picture;
        }

        @Override
        public void close() {}
    }

    private static GridPartlyDrawn partial(String customId, int index, int... first) {
        int[] tokens = {
            PrimedTokens.DRAWN, PrimedTokens.DRAWN, PrimedTokens.DRAWN, PrimedTokens.DRAWN
        };
        System.arraycopy(first, 0, tokens, 0, first.length);
        return GridPartlyDrawn.newBuilder()
                .setRequest(Examples.request(customId))
                .setIndex(index)
                .setSeed(100)
                .setModel(Examples.MODEL)
                .setGridHeight(2)
                .setGridWidth(2)
                .setTokens(ByteBuffer.wrap(new PartialGrid(2, 2, tokens).toBytes()))
                .build();
    }

    @Test
    void whatIsNotDrawnYetIsNeutral() throws Exception {
        previews.render(List.of(partial("a", 1, 5, 6)));

        PartialImageRendered image = images.get(0);
        assertThat(image.getRequest()).isEqualTo(Examples.request("a"));
        assertThat(image.getIndex()).isEqualTo(1);
        assertThat(image.getSeed()).isEqualTo(100);
        assertThat(image.getWidth()).isEqualTo(2);
        assertThat(image.getFormat()).isEqualTo("png");
        BufferedImage picture =
                ImageIO.read(new ByteArrayInputStream(EventCodec.bytes(image.getFile())));
        assertThat(picture.getRGB(0, 0, 2, 2, null, 0, 2))
                .containsExactly(0xff000005, 0xff000006, 0xff008080, 0xff008080);
    }

    @Test
    void whatAnotherModelDrawsAndWhatCannotBeRenderedHaveNoPictureAndTheOthersHave() {
        GridPartlyDrawn good = partial("a", 0, 5);
        previews.render(
                List.of(
                        GridPartlyDrawn.newBuilder(good).setModel("other@0").build(),
                        GridPartlyDrawn.newBuilder(good).setGridHeight(1).setGridWidth(4).build(),
                        GridPartlyDrawn.newBuilder(good)
                                .setOptions(
                                        DrawingOptions.newBuilder().setOutputFormat("avif").build())
                                .build(),
                        partial("b", 0, BROKEN),
                        partial("c", 0, 7)));

        assertThat(images)
                .extracting(image -> image.getRequest().getCustomId())
                .containsExactly("c");
    }

    @Test
    void previewsThatWouldTakeMoreThanTheirShareAreDropped() {
        int asked = 0;
        for (int second = 0; second < 120; second++) {
            for (int i = 0; i < 100; i++) {
                previews.render(List.of(partial("a", 0, 1)));
                nanos.addAndGet(Duration.ofMillis(9).toNanos());
                asked++;
            }
        }
        assertThat(images.size()).isLessThan(asked / 2);
        double share = images.size() * 1e6 / nanos.get();
        assertThat(share).isBetween(0.005, 0.015);
    }

    @Test
    void theModelIsLoadedWithTheFirstPreview() {
        previews.close();
        assertThat(opened).isZero();
        previews.render(List.of(partial("a", 0, 5)));
        previews.render(List.of(partial("a", 1, 5)));
        assertThat(opened).isEqualTo(1);
    }
}
