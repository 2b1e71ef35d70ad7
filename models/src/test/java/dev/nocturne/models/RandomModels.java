package dev.nocturne.models;

import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.BpeTrainer;
import dev.nocturne.models.transformer.TransformerArchitecture;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Tiny models with random weights: everything real but the training. */
public final class RandomModels {
    public static final DvaeArchitecture DVAE = new DvaeArchitecture(16, 3, 1, 32, 8, false);
    public static final int IMAGE_SIZE = 16;
    public static final TransformerArchitecture TRANSFORMER =
            new TransformerArchitecture(
                    2, 64, 600, 6, 32, 4, TransformerArchitecture.Attention.SPARSE);
    public static final ClipArchitecture CLIP =
            new ClipArchitecture(16, 8, 1, 64, 1, 64, 8, 602, 64);

    private RandomModels() {}

    public static BpeTokenizer tokenizer() {
        return BpeTrainer.train(List.of("red heart", "red apple", "green apple"), 600, 6);
    }

    /**
     * Large enough weights for logits that differ, so that sampling has something to choose from.
     */
    public static Map<String, Safetensors.Tensor> weights(Map<String, long[]> shapes) {
        SplittableRandom random = new SplittableRandom(42);
        Map<String, Safetensors.Tensor> weights = new LinkedHashMap<>();
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
                    weights.put(name, new Safetensors.Tensor(shape, values));
                });
        return weights;
    }
}
