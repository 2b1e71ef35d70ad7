package dev.nocturne.models.imports;

import dev.nocturne.models.format.FlaxFile;
import dev.nocturne.models.format.Weight;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The arrays of dalle-mini's own transformer, which Flax has saved. */
final class DalleMiniFlax {
    /** An array of one layer of Flax's, or of all of them: half, layer, the rest. */
    private static final Pattern LAYER =
            Pattern.compile(
                    "(encoder|decoder)\\.layers\\.FlaxBart(?:En|De)coderLayer(?:_(\\d+)|s)\\.(.+)");

    /** What min-dalle calls the modules of a layer of Flax's. */
    private static final Map<String, String> MODULES =
            Map.of(
                    "LayerNorm_0", "pre_self_attn_layer_norm",
                    "FlaxBartAttention_0", "self_attn",
                    "LayerNorm_1", "self_attn_layer_norm",
                    "LayerNorm_2", "pre_encoder_attn_layer_norm",
                    "FlaxBartAttention_1", "encoder_attn",
                    "LayerNorm_3", "encoder_attn_layer_norm");

    private static final Map<String, String> GLU =
            Map.of(
                    "LayerNorm_0", "ln0",
                    "LayerNorm_1", "ln1",
                    "Dense_0", "fc0",
                    "Dense_1", "fc1",
                    "Dense_2", "fc2");

    private DalleMiniFlax() {}

    /** The arrays by min-dalle's names; layers that Flax stacked, one by one. */
    static Map<String, Weight> byNamesOfMinDalle(FlaxFile flax) {
        Map<String, Weight> theirs = new HashMap<>();
        for (Map.Entry<String, Weight> array : flax.weights().entrySet()) {
            String name =
                    array.getKey()
                            .replaceFirst("^model\\.", "")
                            .replaceFirst("^lm_head\\.", "decoder.lm_head.")
                            .replaceFirst("\\.kernel$", ".weight")
                            .replaceFirst("\\.(?:scale|embedding)$", ".weight");
            boolean isMatrix = array.getKey().endsWith(".kernel");
            Matcher layer = LAYER.matcher(name);
            if (!layer.matches()) {
                theirs.put(name, isMatrix ? array.getValue().fromFlax() : array.getValue());
                continue;
            }
            String module = layer.group(3);
            String renamed =
                    module.startsWith("GLU_0.")
                            ? "glu." + renamed(module.substring("GLU_0.".length()), GLU)
                            : renamed(module, MODULES);
            boolean isOne = layer.group(2) != null;
            long count = isOne ? 1 : array.getValue().shape()[0];
            for (int i = 0; i < count; i++) {
                Weight weight = isOne ? array.getValue() : flax.part(array.getKey(), i);
                theirs.put(
                        "%s.layers.%s.%s"
                                .formatted(layer.group(1), isOne ? layer.group(2) : i, renamed),
                        isMatrix ? weight.fromFlax() : weight);
            }
        }
        return theirs;
    }

    private static String renamed(String name, Map<String, String> modules) {
        String module = name.substring(0, Math.max(name.indexOf('.'), 0));
        return modules.getOrDefault(module, module) + name.substring(module.length());
    }
}
