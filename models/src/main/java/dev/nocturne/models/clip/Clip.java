package dev.nocturne.models.clip;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/**
 * CLIP (Radford et al. 2021): pictures and captions as unit vectors whose scalar product, the
 * cosine, says how well they match.
 *
 * <p>Belongs to one thread at a time; the caller closes it.
 */
public final class Clip implements AutoCloseable {
    private final TorchProgram program;
    private final IValue weights;
    private final ClipArchitecture architecture;
    private final CaptionTokenizer tokenizer;

    /**
     * @param weights by the names and in the shapes of {@link ClipArchitecture#shapes}
     * @param tokenizer whose captions fit into {@code textLength - 2} tokens
     * @param precision of the matrix products
     */
    public Clip(
            Map<String, Safetensors.Tensor> weights,
            ClipArchitecture architecture,
            CaptionTokenizer tokenizer,
            Precision precision) {
        this.architecture = architecture;
        this.tokenizer = tokenizer;
        this.program = TorchProgram.load("clip.py", "resblocks.py", "adamw.py");
        this.weights = program.prepare(weights, precision, architecture.textLength());
    }

    /**
     * Reads one caption.
     *
     * @return its unit vector {@code [embedding]}
     * @throws CaptionTooLongException if it has more tokens than CLIP reads
     */
    public float[] embedText(String caption) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue quick = IValue.from(!architecture.exactGelu());
                IValue ids =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(
                                                architecture.padded(tokenizer.encode(caption)),
                                                new Shape(1, architecture.textLength())));
                IValue output = program.call("embed_text", weights, quick, ids)) {
            return output.toTensor(scope).toFloatArray();
        }
    }

    /**
     * Looks at pictures in one batch; their middle squares are what it sees.
     *
     * @param pictures of any size
     * @return the unit vector of each, {@code [pictures, embedding]}
     */
    public float[][] embedImages(List<BufferedImage> pictures) {
        int size = architecture.imageSize();
        ByteBuffer pixels = ByteBuffer.allocate(pictures.size() * 3 * size * size);
        for (BufferedImage picture : pictures) {
            pixels.put(fitted(picture));
        }
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue input =
                        pixels(scope, pixels.rewind(), new Shape(pictures.size(), 3, size, size))) {
            return embedNative(input, pictures.size());
        }
    }

    /**
     * A picture as the tower sees it, before its colours are standardised: on white, its short side
     * resized, its middle square, {@code [3, imageSize, imageSize]}.
     */
    byte[] fitted(BufferedImage picture) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue input =
                        pixels(
                                scope,
                                ByteBuffer.wrap(Pixels.planar(Pixels.onWhite(picture))),
                                new Shape(1, 3, picture.getHeight(), picture.getWidth()));
                IValue output = program.call("fit", weights, input)) {
            return output.toTensor(scope).toByteArray();
        }
    }

    private static IValue pixels(PtNDManager scope, ByteBuffer pixels, Shape shape) {
        return IValue.from((PtNDArray) scope.create(pixels, shape, DataType.UINT8));
    }

    /**
     * As {@link #embedImages}, of pixels that stay outside of Java.
     *
     * @param pixels a native uint8 tensor {@code [count, 3, height, width]} of any size; stays the
     *     caller's
     * @return {@code [count, embedding]}, unit vectors
     */
    float[][] embedNative(IValue pixels, int count) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue head = IValue.from((long) architecture.headWidth());
                IValue quick = IValue.from(!architecture.exactGelu());
                IValue output = program.call("embed_images", weights, head, quick, pixels)) {
            float[] flat = output.toTensor(scope).toFloatArray();
            float[][] embeddings = new float[count][architecture.embedding()];
            for (int i = 0; i < count; i++) {
                System.arraycopy(
                        flat,
                        i * architecture.embedding(),
                        embeddings[i],
                        0,
                        architecture.embedding());
            }
            return embeddings;
        }
    }

    /**
     * The cosine of two unit vectors {@code [embedding]}, -1 to 1.
     *
     * @throws IllegalArgumentException if they are of different lengths
     */
    public static float cosine(float[] a, float[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException(
                    "embeddings of "
                            + a.length
                            + " and "
                            + b.length
                            + " numbers come from different models");
        }
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return (float) sum;
    }

    /** Nanoseconds spent in the program so far. */
    public long nanosInside() {
        return program.nanosInside();
    }

    @Override
    public void close() {
        weights.close();
        program.close();
    }
}
