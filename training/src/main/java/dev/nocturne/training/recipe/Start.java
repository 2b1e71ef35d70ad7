package dev.nocturne.training.recipe;

import dev.nocturne.models.format.Safetensors;
import java.util.Map;

/**
 * What a training begins with.
 *
 * @param weights to go on from; empty: random ones
 * @param share what of them is trained
 */
public record Start(Map<String, Safetensors.Tensor> weights, Share share) {
    /** From nothing. */
    public static final Start ANEW = new Start(Map.of(), Share.ALL);
}
