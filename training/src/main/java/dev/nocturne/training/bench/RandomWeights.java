package dev.nocturne.training.bench;

import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.LazyTensors;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.training.loop.InitialWeights;
import dev.nocturne.training.recipe.DvaeTraining;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Random weights, of which no more than a matrix is in Java's memory: speed does not depend on
 * them.
 */
final class RandomWeights {
    /** A prime number of them, so that the rows of no matrix are all the same. */
    private static final float[] NORMAL =
            InitialWeights.normal(new long[] {1_000_003}, 1, new SplittableRandom(1)).data();

    private RandomWeights() {}

    /** A transformer's or CLIP's, as training begins with them, one matrix at a time. */
    static Map<String, Safetensors.Tensor> transformer(Map<String, long[]> shapes, int layers) {
        return new LazyTensors(
                shapes.keySet(),
                name -> {
                    long[] shape = shapes.get(name);
                    return InitialWeights.isGain(name)
                            ? InitialWeights.constant(shape, 1)
                            : normal(shape, InitialWeights.deviation(name, layers));
                });
    }

    /** The same normal values over and over: to draw billions takes minutes. */
    private static Safetensors.Tensor normal(long[] shape, double deviation) {
        Safetensors.Tensor tensor = InitialWeights.constant(shape, 0);
        float[] values = tensor.data();
        float scale = (float) deviation;
        for (int from = 0; scale > 0 && from < values.length; from += NORMAL.length) {
            int count = Math.min(NORMAL.length, values.length - from);
            for (int i = 0; i < count; i++) {
                values[from + i] = scale * NORMAL[i];
            }
        }
        return tensor;
    }

    /** A dVAE's, as training begins with them. */
    static Map<String, Safetensors.Tensor> dvae(DvaeArchitecture architecture) {
        Map<String, long[]> shapes = architecture.shapes();
        return new LazyTensors(
                shapes.keySet(),
                name -> {
                    long[] shape = shapes.get(name);
                    return normal(shape, DvaeTraining.deviation(name, shape, architecture));
                });
    }
}
