package dev.nocturne.training.loop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.format.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What changes while a model trains: its weights, Adam's moments, the averaged weights and the
 * number of steps; and the weights that are not trained, which have none of these. All float32, in
 * native memory that the program's manager owns.
 */
public final class TrainingState {
    /** Weights, first and second moments, averages: how their names begin. */
    private static final List<String> KINDS = List.of("w.", "m.", "v.", "e.");

    private final Map<String, NDArray> arrays = new LinkedHashMap<>();
    private final NDArray steps;

    private TrainingState(NDManager manager, float steps) {
        this.steps = manager.create(steps);
    }

    /**
     * A fresh state: moments zero, the average equal to the weights.
     *
     * @param trained whether a weight is trained, by its name
     */
    public static TrainingState of(
            NDManager manager, Map<String, Safetensors.Tensor> weights, Predicate<String> trained) {
        TrainingState state = new TrainingState(manager, 0);
        weights.forEach(
                (name, tensor) -> {
                    state.add(manager, "w." + name, tensor);
                    if (trained.test(name)) {
                        state.add(manager, "e." + name, tensor);
                        Safetensors.Tensor zero =
                                new Safetensors.Tensor(
                                        tensor.shape(), new float[tensor.data().length]);
                        state.add(manager, "m." + name, zero);
                        state.add(manager, "v." + name, zero);
                    }
                });
        state.requireGradients();
        return state;
    }

    /** The state that {@link #save} wrote. */
    static TrainingState load(NDManager manager, Path file) throws IOException {
        Map<String, Safetensors.Tensor> tensors = Safetensors.readAll(file);
        TrainingState state = new TrainingState(manager, tensors.remove("steps").data()[0]);
        tensors.forEach((name, tensor) -> state.add(manager, name, tensor));
        state.requireGradients();
        return state;
    }

    /**
     * Whether it has these weights, and moments and averages of those that are trained alone.
     *
     * @param trained whether a weight is trained, by its name
     */
    boolean isOf(Map<String, Safetensors.Tensor> weights, Predicate<String> trained) {
        Map<String, Shape> expected = new HashMap<>();
        weights.forEach(
                (name, tensor) ->
                        (trained.test(name) ? KINDS : KINDS.subList(0, 1))
                                .forEach(
                                        kind ->
                                                expected.put(
                                                        kind + name, new Shape(tensor.shape()))));
        Map<String, Shape> found = new HashMap<>();
        arrays.forEach((name, array) -> found.put(name, array.getShape()));
        return found.equals(expected);
    }

    void save(Path file) throws IOException {
        Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
        arrays.forEach((name, array) -> tensors.put(name, tensor(array)));
        tensors.put("steps", tensor(steps));
        Safetensors.write(file, tensors, Safetensors.StorageType.F32, Map.of());
    }

    long steps() {
        return (long) steps.getFloat();
    }

    /**
     * The averaged weights, and those that are not trained, with adapters added to them: what
     * evaluation and the finished model use.
     */
    Map<String, Safetensors.Tensor> averaged() {
        Map<String, Safetensors.Tensor> weights = new LinkedHashMap<>();
        arrays.forEach(
                (kindAndName, array) -> {
                    if (kindAndName.startsWith("w.")) {
                        String name = kindAndName.substring(2);
                        weights.put(name, tensor(arrays.getOrDefault("e." + name, array)));
                    }
                });
        return Adapters.merged(weights);
    }

    /**
     * The leading arguments of every {@code train_step}: the four dictionaries and the step
     * counter.
     */
    public NDList arguments() {
        NDList list = new NDList();
        for (String kind : KINDS) {
            arrays.forEach(
                    (name, array) -> {
                        if (name.startsWith(kind)) {
                            list.add(array);
                        }
                    });
        }
        list.add(steps);
        return list;
    }

    private void add(NDManager manager, String name, Safetensors.Tensor tensor) {
        NDArray array = manager.create(tensor.data(), new Shape(tensor.shape()));
        array.setName(name);
        arrays.put(name, array);
    }

    private void requireGradients() {
        arrays.forEach(
                (name, array) ->
                        array.setRequiresGradient(
                                name.startsWith("w.")
                                        && arrays.containsKey("m." + name.substring(2))));
    }

    private static Safetensors.Tensor tensor(NDArray array) {
        try (NDManager scope = array.getManager().newSubManager()) {
            // from a GPU, reading makes a copy that lives as long as the manager
            array.tempAttach(scope);
            return new Safetensors.Tensor(array.getShape().getShape(), array.toFloatArray());
        }
    }
}
