package dev.nocturne.models.bundle;

import dev.nocturne.models.format.Safetensors.StorageType;
import dev.nocturne.models.format.Safetensors.Tensor;
import java.util.Map;

/**
 * A part of a model from elsewhere.
 *
 * @param architecture its sizes
 * @param weights by the names and in the shapes of the architecture; each may be read when it is
 *     asked for
 * @param type how they are kept: as exactly as they came
 */
public record ImportedPart<A>(A architecture, Map<String, Tensor> weights, StorageType type) {

    /** Kept as float32. */
    public static <A> ImportedPart<A> float32(A architecture, Map<String, Tensor> weights) {
        return new ImportedPart<>(architecture, weights, StorageType.F32);
    }
}
