package dev.nocturne.training.loop;

import dev.nocturne.models.format.Safetensors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * Low-rank adapters (Hu et al. 2021, LoRA, section 4.1): a matrix W {@code [out, in]} stays, and
 * the product of two thin matrices, B {@code [out, rank]} and A {@code [rank, in]}, which are
 * trained, is added to it. B begins as 0. They stand among the weights as {@code W.adapter_out} and
 * {@code W.adapter_in}; programs add them by {@code adapted} of {@code weights.py}.
 */
public final class Adapters {
    private static final String IN = ".adapter_in";
    private static final String OUT = ".adapter_out";

    private Adapters() {}

    /** Whether this is no weight of a model, but of an adapter. */
    public static boolean isOne(String name) {
        return name.endsWith(IN) || name.endsWith(OUT);
    }

    /**
     * The weights, and an adapter beside each matrix that is to have one.
     *
     * @param adapted whether a matrix is, by its name
     */
    public static Map<String, Safetensors.Tensor> beside(
            Map<String, Safetensors.Tensor> weights,
            Predicate<String> adapted,
            int rank,
            RandomGenerator random) {
        Map<String, Safetensors.Tensor> all = new LinkedHashMap<>();
        weights.forEach(
                (name, weight) -> {
                    all.put(name, weight);
                    long[] shape = weight.shape();
                    if (shape.length == 2 && adapted.test(name)) {
                        long[] in = {rank, shape[1]};
                        all.put(
                                name + IN,
                                InitialWeights.normal(in, 1 / Math.sqrt(shape[1]), random));
                        all.put(
                                name + OUT,
                                InitialWeights.constant(new long[] {shape[0], rank}, 0));
                    }
                });
        return all;
    }

    /**
     * The weights of the model alone, adapters added to their matrices. Where an adapter adds 0,
     * the number stays as it is, to the bit.
     */
    static Map<String, Safetensors.Tensor> merged(Map<String, Safetensors.Tensor> weights) {
        Map<String, Safetensors.Tensor> merged = new LinkedHashMap<>();
        weights.forEach(
                (name, weight) -> {
                    if (weights.containsKey(name + IN)) {
                        merged.put(
                                name, sum(weight, weights.get(name + OUT), weights.get(name + IN)));
                    } else if (!isOne(name)) {
                        merged.put(name, weight);
                    }
                });
        return merged;
    }

    private static Safetensors.Tensor sum(
            Safetensors.Tensor weight, Safetensors.Tensor out, Safetensors.Tensor in) {
        int rows = (int) weight.shape()[0];
        int columns = (int) weight.shape()[1];
        int rank = (int) in.shape()[0];
        float[] values = weight.data().clone();
        float[] added = new float[columns];
        for (int row = 0; row < rows; row++) {
            Arrays.fill(added, 0);
            for (int r = 0; r < rank; r++) {
                float factor = out.data()[row * rank + r];
                for (int column = 0; column < columns; column++) {
                    added[column] += factor * in.data()[r * columns + column];
                }
            }
            for (int column = 0; column < columns; column++) {
                if (added[column] != 0) {
                    values[row * columns + column] += added[column];
                }
            }
        }
        return new Safetensors.Tensor(weight.shape(), values);
    }
}
