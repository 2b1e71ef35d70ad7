package dev.nocturne.encoder;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.PaintedSizes;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The tokenizer, dVAE and, if there is one, CLIP of a model bundle. */
final class BundleCaptionEncoder implements CaptionEncoder {

    private final ModelBundle bundle;
    private final String dvaeId;
    private final CaptionTokenizer tokenizer;
    private final Optional<Clip> clip;
    private final DiscreteVae dvae;

    private BundleCaptionEncoder(ModelBundle bundle) throws IOException {
        this.bundle = bundle;
        tokenizer = bundle.tokenizer();
        clip = bundle.hasClip() ? Optional.of(bundle.clip()) : Optional.empty();
        dvae = bundle.dvae();
        dvaeId = bundle.dvaeId();
    }

    /**
     * @throws FatalException if the bundle is missing or broken
     */
    static CaptionEncoder open(Path directory) {
        try {
            return new BundleCaptionEncoder(ModelBundle.open(directory));
        } catch (IOException e) {
            throw new FatalException(e.getMessage(), e);
        }
    }

    @Override
    public String model() {
        return bundle.id();
    }

    @Override
    public String dvae() {
        return dvaeId;
    }

    @Override
    public PaintedSizes sizes() {
        return new PaintedSizes(bundle.id(), bundle.sizes(), bundle.autoSize());
    }

    @Override
    public int gridSize() {
        return dvae.gridSize();
    }

    @Override
    public int codebookSize() {
        return dvae.vocabulary();
    }

    @Override
    public int[] textTokens(String caption) {
        try {
            return tokenizer.encode(caption);
        } catch (CaptionTooLongException e) {
            throw new PermanentException(ReasonCodes.CAPTION_TOO_LONG, e.getMessage(), e);
        }
    }

    @Override
    public boolean hasClip() {
        return clip.isPresent();
    }

    @Override
    public float[] textEmbedding(String caption) {
        try {
            // CLIP may read less than the transformer
            return clip.map(reader -> reader.embedText(caption)).orElse(new float[0]);
        } catch (CaptionTooLongException e) {
            throw new PermanentException(ReasonCodes.CAPTION_TOO_LONG, e.getMessage(), e);
        }
    }

    @Override
    public float[] imageEmbedding(BufferedImage picture) {
        return clip.orElseThrow().embedImages(List.of(picture))[0];
    }

    @Override
    public boolean readsPictures() {
        return dvae.readsPictures();
    }

    @Override
    public TokenGrid imageTokens(BufferedImage picture) {
        if (!dvae.readsPictures()) {
            throw new PermanentException(
                    ReasonCodes.INVALID_OPTION,
                    "image_prompt: the model %s has no encoder of pictures: leave it out"
                            .formatted(bundle.id()));
        }
        return dvae.encode(picture);
    }

    @Override
    public Sampling sampling(Double temperature, int topK, double topP, Double guidance) {
        try {
            return bundle.sampling(temperature, topK, topP, guidance);
        } catch (IllegalArgumentException e) {
            throw new PermanentException(ReasonCodes.INVALID_OPTION, e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        dvae.close();
        clip.ifPresent(Clip::close);
    }
}
