package dev.nocturne.cluster;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.tokenizer.BpeTrainer;
import dev.nocturne.models.transformer.TransformerArchitecture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A model with everything real but the training: small, and its weights random. */
final class TinyModel {
    private static final int IMAGE_PIXELS = 32;
    private static final int VOCABULARY = 600;
    private static final int TEXT_LENGTH = 24;
    private static final int CODEBOOK = 32;
    static final int GRID = 8;

    private static final DvaeArchitecture DVAE = new DvaeArchitecture(16, 3, 1, CODEBOOK, 8, false);
    private static final TransformerArchitecture TRANSFORMER =
            new TransformerArchitecture(2, 64, VOCABULARY, TEXT_LENGTH, CODEBOOK, GRID, null);
    private static final ClipArchitecture CLIP =
            new ClipArchitecture(
                    IMAGE_PIXELS, 8, 1, 64, 1, 64, TEXT_LENGTH + 2, VOCABULARY + 2, 64);

    private TinyModel() {}

    static ModelBundle write(Path directory) throws IOException {
        return write(directory, 42, 42);
    }

    /** Equal seeds give equal weights. */
    static ModelBundle write(Path directory, long dvaeSeed, long clipSeed) throws IOException {
        return writeWithoutClip(directory, dvaeSeed).with(CLIP, weights(CLIP.shapes(), clipSeed));
    }

    static ModelBundle writeWithoutClip(Path directory, long dvaeSeed) throws IOException {
        return ModelBundle.create(directory, "tiny", IMAGE_PIXELS)
                .with(
                        BpeTrainer.train(
                                List.of("a red heart", "a green apple", "a snowman"),
                                VOCABULARY,
                                TEXT_LENGTH))
                .with(DVAE, weights(DVAE.shapes(), dvaeSeed))
                .with(TRANSFORMER, null, weights(TRANSFORMER.shapes(), 42));
    }

    /** Large enough for logits that differ, so that sampling has something to choose from. */
    private static Map<String, Tensor> weights(Map<String, long[]> shapes, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        shapes.forEach(
                (name, shape) -> {
                    int size = 1;
                    for (long side : shape) {
                        size *= (int) side;
                    }
                    boolean gain = name.contains("ln_") && name.endsWith("weight");
                    float[] values = new float[size];
                    for (int i = 0; i < size; i++) {
                        values[i] = (float) random.nextGaussian(gain ? 1 : 0, 0.15);
                    }
                    weights.put(name, new Tensor(shape, values));
                });
        return weights;
    }
}
