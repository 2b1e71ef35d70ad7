package dev.nocturne.standalone.plan;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerFamily;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What the sizes of records depend on in a model.
 *
 * @param id as records name it
 * @param imageSize pixels along each side of a picture for which no size is asked
 * @param gridSize tokens along each side
 * @param codebook its entries
 * @param embeddingSize numbers in CLIP's embedding of a caption
 */
record ModelShape(String id, int imageSize, int gridSize, int codebook, int embeddingSize) {
    /** The name that stands for the models of the paper and of CLIP. */
    private static final String PAPER = "paper";

    private static final int PAPER_IMAGE_SIZE = 256;

    /**
     * @param model directory of a model, of which only {@code model.json} is read, or the paper's
     * @throws IOException if there is no model
     */
    static ModelShape of(String model) throws IOException {
        if (model.equals(PAPER)) {
            return of(
                    PAPER,
                    PAPER_IMAGE_SIZE,
                    TransformerArchitecture.PUBLISHED,
                    ClipArchitecture.VIT_B_32.embedding());
        }
        ModelBundle bundle = ModelBundle.open(Path.of(model));
        return of(
                bundle.id(),
                bundle.autoSize(),
                bundle.transformerArchitecture(),
                bundle.hasClip() ? bundle.clipArchitecture().embedding() : 0);
    }

    private static ModelShape of(
            String id, int imageSize, TransformerFamily transformer, int embeddingSize) {
        return new ModelShape(
                id,
                imageSize,
                transformer.gridSize(),
                transformer.imageVocabulary(),
                embeddingSize);
    }

    /** Of a picture without any compression: its file is smaller. */
    long pixelBytes() {
        return 3L * imageSize * imageSize;
    }
}
