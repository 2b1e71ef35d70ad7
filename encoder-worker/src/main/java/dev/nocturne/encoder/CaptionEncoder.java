package dev.nocturne.encoder;

import dev.nocturne.models.TokenGrid;
import java.awt.image.BufferedImage;

/** What the models know of a caption. Belongs to one thread. */
interface CaptionEncoder extends AutoCloseable {

    /**
     * @throws dev.nocturne.runtime.PermanentException ({@code caption_too_long}) if the caption has
     *     more tokens than the transformer has text positions
     */
    int[] textTokens(String caption);

    /** CLIP text embedding, unit norm. */
    float[] textEmbedding(String caption);

    /** dVAE tokens of a picture of any size. */
    TokenGrid imageTokens(BufferedImage picture);

    /**
     * @param asked null for the model's own
     * @throws dev.nocturne.runtime.PermanentException ({@code invalid_option}) if the model can't
     *     be guided
     */
    double guidance(Double asked);

    @Override
    void close();
}
