package dev.nocturne.models.imports;

import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.StorageType;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.format.WeightsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Weights saved in another way: the same tensors under other names. */
final class Wrapped {
    private Wrapped() {}

    /** The tensors of the model in a file that has a tensor of this name, after a prefix. */
    static Map<String, Tensor> tensors(Path file, String around, String prefix) throws IOException {
        Map<String, Tensor> wrapped = new LinkedHashMap<>();
        try (WeightsFile opened = WeightsFile.open(file)) {
            for (Map.Entry<String, Weight> weight : opened.around(around).entrySet()) {
                wrapped.put(
                        prefix + weight.getKey(),
                        new Tensor(weight.getValue().shape(), weight.getValue().values().read()));
            }
        }
        return wrapped;
    }

    /** Writes them as safetensors, whatever the name of the file says. */
    static void write(Path to, Path from, String around, String prefix) throws IOException {
        Safetensors.write(to, tensors(from, around, prefix), StorageType.F32, Map.of());
    }
}
