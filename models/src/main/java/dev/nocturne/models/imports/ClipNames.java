package dev.nocturne.models.imports;

import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.format.WeightsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A CLIP's tensors by openai's names, which are ours, whoever saved them. */
final class ClipNames {
    /** Of each layout, a tensor that every CLIP with a vision transformer has. */
    private static final String OPENAI = "visual.conv1.weight";

    private static final String HUGGING_FACE = "vision_model.embeddings.patch_embedding.weight";

    /** What is no weight, or changes no order of pictures. */
    private static final Pattern NO_WEIGHTS =
            Pattern.compile(
                    "input_resolution|context_length|vocab_size|logit_bias|(?:.*\\.)?attn_mask|.*\\.position_ids");

    /** A tensor of a residual block at Hugging Face: tower, number, layer, parameter. */
    private static final Pattern BLOCK =
            Pattern.compile("(text|vision)_model\\.encoder\\.layers\\.(\\d+)\\.(.+)\\.(\\w+)");

    private static final Map<String, String> BLOCK_NAMES =
            Map.of(
                    "layer_norm1", "ln_1",
                    "layer_norm2", "ln_2",
                    "self_attn.out_proj", "attn.out_proj",
                    "mlp.fc1", "mlp.c_fc",
                    "mlp.fc2", "mlp.c_proj");

    /** Openai's names by Hugging Face's, outside the blocks. */
    private static final Map<String, String> NAMES =
            Map.ofEntries(
                    Map.entry(
                            "text_model.embeddings.token_embedding.weight",
                            "token_embedding.weight"),
                    Map.entry(
                            "text_model.embeddings.position_embedding.weight",
                            "positional_embedding"),
                    Map.entry("text_model.final_layer_norm.weight", "ln_final.weight"),
                    Map.entry("text_model.final_layer_norm.bias", "ln_final.bias"),
                    Map.entry("text_projection.weight", "text_projection"),
                    Map.entry("vision_model.embeddings.class_embedding", "visual.class_embedding"),
                    Map.entry(
                            "vision_model.embeddings.patch_embedding.weight",
                            "visual.conv1.weight"),
                    Map.entry(
                            "vision_model.embeddings.position_embedding.weight",
                            "visual.positional_embedding"),
                    // spelled so there
                    Map.entry("vision_model.pre_layrnorm.weight", "visual.ln_pre.weight"),
                    Map.entry("vision_model.pre_layrnorm.bias", "visual.ln_pre.bias"),
                    Map.entry("vision_model.post_layernorm.weight", "visual.ln_post.weight"),
                    Map.entry("vision_model.post_layernorm.bias", "visual.ln_post.bias"),
                    Map.entry("visual_projection.weight", "visual.proj"));

    private ClipNames() {}

    /** Whether a model in the file has the names of Hugging Face's transformers. */
    static boolean areHuggingFaces(WeightsFile file) {
        return !file.has(OPENAI) && file.has(HUGGING_FACE);
    }

    /**
     * The tensors of the CLIP in a file.
     *
     * @throws InvalidModelException if there is none, or if there are several
     */
    static Map<String, Weight> ours(WeightsFile file) throws IOException {
        boolean huggingFace = areHuggingFaces(file);
        Map<String, Weight> theirs = file.around(huggingFace ? HUGGING_FACE : OPENAI);
        theirs.keySet().removeIf(name -> NO_WEIGHTS.matcher(name).matches());
        Map<String, Weight> ours = new LinkedHashMap<>();
        for (String name : theirs.keySet()) {
            if (huggingFace) {
                rename(file.path(), name, theirs, ours);
            } else {
                // open_clip's CustomTextCLIP has its text tower under a name of its own
                ours.put(name.replaceFirst("^text\\.", ""), theirs.get(name));
            }
        }
        // a row of one number, in some of open_clip's
        ours.computeIfPresent("logit_scale", (name, scale) -> scale.shaped());
        return ours;
    }

    /** Adds a tensor of Hugging Face's under our name; queries take their keys and values along. */
    private static void rename(
            Path file, String name, Map<String, Weight> theirs, Map<String, Weight> ours)
            throws InvalidModelException {
        Weight weight = theirs.get(name);
        Matcher block = BLOCK.matcher(name);
        if (!block.matches()) {
            String renamed = NAMES.getOrDefault(name, name);
            // their projections are linear layers, [out, in]
            boolean projection = name.endsWith("_projection.weight");
            ours.put(renamed, projection ? transposed(weight) : weight);
            return;
        }
        String tower = block.group(1).equals("vision") ? "visual." : "";
        String resblock = tower + "transformer.resblocks." + block.group(2) + ".";
        String layer = block.group(3);
        String parameter = block.group(4);
        if (layer.equals("self_attn.q_proj")) {
            List<Weight> parts = new ArrayList<>();
            for (String part : List.of("q", "k", "v")) {
                parts.add(Weight.require(file, theirs, name.replace("q_proj", part + "_proj")));
            }
            ours.put(resblock + "attn.in_proj_" + parameter, Weight.stacked(file, name, parts));
        } else if (!layer.equals("self_attn.k_proj") && !layer.equals("self_attn.v_proj")) {
            ours.put(resblock + BLOCK_NAMES.getOrDefault(layer, layer) + "." + parameter, weight);
        }
    }

    /** A matrix with its dimensions exchanged; anything else as it is, for the check of shapes. */
    private static Weight transposed(Weight weight) {
        if (weight.shape().length != 2) {
            return weight;
        }
        int rows = (int) weight.shape()[0];
        int columns = (int) weight.shape()[1];
        return new Weight(
                new long[] {columns, rows},
                () -> {
                    float[] values = weight.values().read();
                    float[] transposed = new float[values.length];
                    for (int row = 0; row < rows; row++) {
                        for (int column = 0; column < columns; column++) {
                            transposed[column * rows + row] = values[row * columns + column];
                        }
                    }
                    return transposed;
                });
    }
}
