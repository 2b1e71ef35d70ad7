package dev.nocturne.training.loop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.format.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What changes while a model trains: its weights, Adam's moments, the averaged weights and the
 * number of steps. All float32, in native memory that the program's manager owns.
 */
public final class TrainingState {
    private final Map<String, NDArray> arrays = new LinkedHashMap<>();
    private final NDArray steps;

    private TrainingState(NDManager manager, float steps) {
        this.steps = manager.create(steps);
    }

    /** A fresh state: moments zero, the average equal to the weights. */
    public static TrainingState of(NDManager manager, Map<String, Safetensors.Tensor> weights) {
        TrainingState state = new TrainingState(manager, 0);
        weights.forEach(
                (name, tensor) -> {
                    state.add(manager, "w." + name, tensor);
                    state.add(manager, "e." + name, tensor);
                    Safetensors.Tensor zero =
                            new Safetensors.Tensor(tensor.shape(), new float[tensor.data().length]);
                    state.add(manager, "m." + name, zero);
                    state.add(manager, "v." + name, zero);
                });
        return state;
    }

    /** The state that {@link #save} wrote. */
    static TrainingState load(NDManager manager, Path file) throws IOException {
        Map<String, Safetensors.Tensor> tensors = Safetensors.readAll(file);
        TrainingState state = new TrainingState(manager, tensors.remove("steps").data()[0]);
        tensors.forEach((name, tensor) -> state.add(manager, name, tensor));
        return state;
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

    /** The averaged weights: what evaluation and the finished model use. */
    Map<String, Safetensors.Tensor> averaged() {
        Map<String, Safetensors.Tensor> weights = new LinkedHashMap<>();
        arrays.forEach(
                (name, array) -> {
                    if (name.startsWith("e.")) {
                        weights.put(name.substring(2), tensor(array));
                    }
                });
        return weights;
    }

    /**
     * The leading arguments of every {@code train_step}: the four dictionaries and the step
     * counter.
     */
    public NDList arguments() {
        NDList list = new NDList();
        for (String prefix : new String[] {"w.", "m.", "v.", "e."}) {
            arrays.forEach(
                    (name, array) -> {
                        if (name.startsWith(prefix)) {
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
        array.setRequiresGradient(name.startsWith("w."));
        arrays.put(name, array);
    }

    private static Safetensors.Tensor tensor(NDArray array) {
        try (NDManager scope = array.getManager().newSubManager()) {
            // from a GPU, reading makes a copy that lives as long as the manager
            array.tempAttach(scope);
            return new Safetensors.Tensor(array.getShape().getShape(), array.toFloatArray());
        }
    }
}
