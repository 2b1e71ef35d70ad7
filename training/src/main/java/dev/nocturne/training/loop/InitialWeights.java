package dev.nocturne.training.loop;

import dev.nocturne.models.format.Safetensors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;
import java.util.random.RandomGenerator;

/** Tensors to start training from. */
public final class InitialWeights {
    private InitialWeights() {}

    /** Independent normal values with mean 0. */
    public static Safetensors.Tensor normal(
            long[] shape, double deviation, RandomGenerator random) {
        float[] values = new float[size(shape)];
        for (int i = 0; deviation > 0 && i < values.length; i++) {
            values[i] = (float) random.nextGaussian(0, deviation);
        }
        return new Safetensors.Tensor(shape, values);
    }

    /**
     * Independent normal values with mean 0, in the order of the names.
     *
     * @param deviation of the weight of a name and shape
     */
    public static Map<String, Safetensors.Tensor> normal(
            Map<String, long[]> shapes,
            ToDoubleBiFunction<String, long[]> deviation,
            RandomGenerator random) {
        Map<String, Safetensors.Tensor> weights = new LinkedHashMap<>();
        shapes.forEach(
                (name, shape) ->
                        weights.put(
                                name, normal(shape, deviation.applyAsDouble(name, shape), random)));
        return weights;
    }

    /**
     * Embeddings and matrices with deviation 0.02, gains 1, biases 0; projections back into the
     * residual stream are scaled down by the square root of their number, so that depth does not
     * swell the stream (Radford et al. 2019, GPT-2).
     */
    public static Map<String, Safetensors.Tensor> transformer(
            Map<String, long[]> shapes, int layers, RandomGenerator random) {
        Map<String, Safetensors.Tensor> weights = new LinkedHashMap<>();
        shapes.forEach(
                (name, shape) ->
                        weights.put(
                                name,
                                isGain(name)
                                        ? constant(shape, 1)
                                        : normal(shape, deviation(name, layers), random)));
        return weights;
    }

    /** Whether a weight is the gain of a norm, which begins as 1. */
    public static boolean isGain(String name) {
        return name.contains("ln_") && name.endsWith("weight");
    }

    /** Of a transformer's weights that are not gains, whose mean is 0. */
    public static double deviation(String name, int layers) {
        if (name.endsWith("bias")) {
            return 0;
        }
        boolean intoStream = name.endsWith("out_proj.weight") || name.endsWith("c_proj.weight");
        return intoStream ? 0.02 / Math.sqrt(2.0 * layers) : 0.02;
    }

    /** The same value everywhere. */
    public static Safetensors.Tensor constant(long[] shape, float value) {
        float[] values = new float[size(shape)];
        if (value != 0) {
            Arrays.fill(values, value);
        }
        return new Safetensors.Tensor(shape, values);
    }

    private static int size(long[] shape) {
        return Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }
}
