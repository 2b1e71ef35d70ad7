package dev.nocturne.encoder;

import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.runtime.PaintedSizes;
import java.awt.image.BufferedImage;

/** What the models know of a caption. Belongs to one thread. */
interface CaptionEncoder extends AutoCloseable {

    /** Id of the model bundle. */
    String model();

    /** Id of its dVAE. */
    String dvae();

    /** The sizes of its pictures. */
    PaintedSizes sizes();

    /** Tokens along each side of a grid of the dVAE. */
    int gridSize();

    /** How many tokens the dVAE knows. */
    int codebookSize();

    /**
     * @throws dev.nocturne.runtime.PermanentException ({@code caption_too_long}) if the caption has
     *     more tokens than the transformer has text positions
     */
    int[] textTokens(String caption);

    /** Whether there is a CLIP; without one candidates are not scored. */
    boolean hasClip();

    /** CLIP text embedding, unit norm; empty if there is no CLIP. */
    float[] textEmbedding(String caption);

    /** CLIP image embedding of a picture of any size, unit norm; only if there is a CLIP. */
    float[] imageEmbedding(BufferedImage picture);

    /** Whether the dVAE makes tokens of pictures; some only draw. */
    boolean readsPictures();

    /**
     * dVAE tokens of a picture of any size.
     *
     * @throws dev.nocturne.runtime.PermanentException ({@code invalid_option}) if the dVAE only
     *     draws
     */
    TokenGrid imageTokens(BufferedImage picture);

    /**
     * How to draw; null stands for the model's own.
     *
     * @throws dev.nocturne.runtime.PermanentException ({@code invalid_option}) if the model can't
     *     be guided
     */
    Sampling sampling(Double temperature, int topK, double topP, Double guidance);

    @Override
    void close();
}
