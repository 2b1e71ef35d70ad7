package dev.nocturne.decoder;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import dev.nocturne.models.upscaler.Upscaler;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.PaintedSizes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The dVAE decoder of a model bundle, and its upscaler.
 *
 * @param upscaler null if there is none
 */
record BundleGridRenderer(
        String model,
        String dvae,
        PaintedSizes sizes,
        CaptionTokenizer tokenizer,
        DiscreteVae decoder,
        Upscaler upscaler)
        implements GridRenderer {

    /**
     * @throws FatalException if the bundle is missing or broken
     */
    static GridRenderer open(Path directory) {
        try {
            ModelBundle bundle = ModelBundle.open(directory);
            CaptionTokenizer tokenizer = bundle.tokenizer();
            return new BundleGridRenderer(
                    bundle.id(),
                    bundle.dvaeId(),
                    new PaintedSizes(bundle.id(), bundle.sizes(), bundle.autoSize()),
                    tokenizer,
                    bundle.dvae(),
                    bundle.hasUpscaler() ? bundle.upscaler() : null);
        } catch (IOException e) {
            throw new FatalException(e.getMessage(), e);
        }
    }

    @Override
    public int gridSize() {
        return decoder.gridSize();
    }

    @Override
    public Integer textTokens(String caption) {
        try {
            return tokenizer.encode(caption).length;
        } catch (CaptionTooLongException e) { // it was drawn by a model that reads more
            return null;
        }
    }

    @Override
    public int neutralToken() {
        return decoder.neutralToken();
    }

    @Override
    public List<BufferedImage> render(List<TokenGrid> grids) {
        return decoder.decode(grids);
    }

    @Override
    public BufferedImage enlarge(BufferedImage picture) {
        return upscaler.enlarge(picture);
    }

    @Override
    public void close() {
        decoder.close();
        if (upscaler != null) {
            upscaler.close();
        }
    }
}
