package dev.nocturne.encoder;

import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.runtime.PaintedSizes;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.image.BufferedImage;
import java.util.List;

/** A token per letter; grids of 3x2 tokens 0 to 5 of pictures, of 1x1 token of candidates. */
record LetterEncoder(boolean hasClip) implements CaptionEncoder {

    LetterEncoder() {
        this(true);
    }

    @Override
    public String model() {
        return "letters@1";
    }

    @Override
    public String dvae() {
        return "dvae@1";
    }

    @Override
    public PaintedSizes sizes() {
        return new PaintedSizes(model(), List.of(24, 96), 96);
    }

    @Override
    public int gridSize() {
        return 1;
    }

    @Override
    public int codebookSize() {
        return 100;
    }

    @Override
    public int[] textTokens(String caption) {
        if (caption.length() > 32) {
            throw new PermanentException(ReasonCodes.CAPTION_TOO_LONG, "too many tokens");
        }
        return caption.chars().toArray();
    }

    @Override
    public float[] textEmbedding(String caption) {
        return hasClip ? new float[] {1, 0} : new float[0];
    }

    @Override
    public float[] imageEmbedding(BufferedImage picture) {
        return new float[] {0, 1};
    }

    @Override
    public boolean readsPictures() {
        return true;
    }

    @Override
    public TokenGrid imageTokens(BufferedImage picture) {
        return new TokenGrid(3, 2, new int[] {0, 1, 2, 3, 4, 5});
    }

    @Override
    public Sampling sampling(Double temperature, int topK, double topP, Double guidance) {
        if (guidance != null) {
            throw new PermanentException(ReasonCodes.INVALID_OPTION, "can't be guided");
        }
        return new Sampling(temperature == null ? 0.7 : temperature, topK, topP, 2.5);
    }

    @Override
    public void close() {}
}
