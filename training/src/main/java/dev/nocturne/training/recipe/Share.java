package dev.nocturne.training.recipe;

import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.training.loop.Adapters;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * What of a model is trained further; all else stays as it is, to the bit.
 *
 * @param only layers of these kinds; of all kinds if empty
 * @param adapters rank of the adapters that are trained in their place, beside their matrices, or
 *     of attention and MLPs if no kinds are given; 0: the layers themselves
 */
public record Share(Set<LayerKind> only, int adapters) {
    /** Everything. */
    public static final Share ALL = new Share(Set.of(), 0);

    private static final Set<LayerKind> USUALLY_ADAPTED =
            Set.of(LayerKind.ATTENTION, LayerKind.MLP);

    boolean trains(String weight) {
        return adapters > 0
                ? Adapters.isOne(weight)
                : !Adapters.isOne(weight)
                        && (only.isEmpty() || only.contains(LayerKind.of(weight)));
    }

    /**
     * The weights to begin with.
     *
     * @param constant whether a weight is never trained, by its name
     */
    Map<String, Safetensors.Tensor> of(
            Map<String, Safetensors.Tensor> weights,
            Predicate<String> constant,
            RandomGenerator random) {
        return adapters == 0
                ? weights
                : Adapters.beside(
                        weights, name -> !constant.test(name) && adapts(name), adapters, random);
    }

    private boolean adapts(String weight) {
        return (only.isEmpty() ? USUALLY_ADAPTED : only).contains(LayerKind.of(weight));
    }

    /**
     * @param shapes of the weights
     * @throws InvalidModelException if nothing of them would be trained
     */
    void requireSome(Map<String, long[]> shapes) throws InvalidModelException {
        boolean some =
                shapes.entrySet().stream()
                        .anyMatch(
                                weight ->
                                        adapters == 0
                                                ? trains(weight.getKey())
                                                : weight.getValue().length == 2
                                                        && adapts(weight.getKey()));
        if (!some) {
            throw new InvalidModelException(
                    "--only %s names no matrices, and adapters stand beside matrices: leave out --adapters"
                            .formatted(
                                    only.stream()
                                            .map(Enum::name)
                                            .collect(Collectors.joining(","))));
        }
    }
}
