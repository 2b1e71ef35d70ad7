package dev.nocturne.models;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
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
    private final BpeTokenizer tokenizer;

    /**
     * @param weights by the names of {@link ClipArchitecture#shapes}
     */
    public Clip(
            Map<String, Safetensors.Tensor> weights,
            ClipArchitecture architecture,
            BpeTokenizer tokenizer,
            Precision precision) {
        this.architecture = architecture;
        this.tokenizer = tokenizer;
        this.program = TorchProgram.load("clip.py", "resblocks.py", "adamw.py");
        this.weights = program.prepare(weights, precision);
    }

    /**
     * @return the caption's unit vector
     * @throws CaptionTooLongException if it has more tokens than CLIP reads
     */
    public float[] embedText(String caption) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue ids =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(
                                                architecture.padded(tokenizer.encode(caption)),
                                                new Shape(1, architecture.textLength())));
                IValue output = program.call("embed_text", weights, ids)) {
            return output.toTensor(scope).toFloatArray();
        }
    }

    /** The unit vectors of pictures of any size, in one batch. */
    public float[][] embedImages(List<BufferedImage> pictures) {
        int size = architecture.imageSize();
        ByteBuffer pixels = ByteBuffer.allocate(pictures.size() * 3 * size * size);
        for (BufferedImage picture : pictures) {
            pixels.put(Pixels.planar(Pixels.fit(picture, size)));
        }
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue input =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(
                                                pixels.rewind(),
                                                new Shape(pictures.size(), 3, size, size),
                                                DataType.UINT8))) {
            return embedNative(input, pictures.size());
        }
    }

    /**
     * @param pixels a native uint8 tensor {@code [count, 3, size, size]} of any size; stays the
     *     caller's
     */
    float[][] embedNative(IValue pixels, int count) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue output = program.call("embed_images", weights, pixels)) {
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

    /** The cosine of two unit vectors. */
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

    @Override
    public void close() {
        weights.close();
        program.close();
    }
}
