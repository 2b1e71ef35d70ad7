package dev.nocturne.models.imports;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.TorchFile;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.CaptionCleaning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * CLIP with a vision transformer, as openai/CLIP and Hugging Face publish it, with its tokenizer.
 * Sizes are read off the tensors. Our names are openai's.
 */
public final class ClipImport {
    /** What openai's archives hold beside the weights, apart from the masks of attention. */
    private static final List<String> NO_WEIGHTS =
            List.of("input_resolution", "context_length", "vocab_size");

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

    private static final ObjectMapper JSON = new ObjectMapper();

    private ClipImport() {}

    /**
     * The bundle with this CLIP, on disk as float32.
     *
     * @param file e.g. {@code ViT-B-32.pt}: a TorchScript archive or a state dictionary
     * @param merges {@code bpe_simple_vocab_16e6.txt.gz}, plain or compressed
     */
    public static ModelBundle openAi(ModelBundle bundle, Path file, Path merges)
            throws IOException {
        try (TorchFile opened = TorchFile.open(file)) {
            Map<String, Weight> weights = new LinkedHashMap<>(opened.weights());
            weights.keySet()
                    .removeIf(name -> NO_WEIGHTS.contains(name) || name.endsWith(".attn_mask"));
            ClipArchitecture architecture = architecture(file, weights);
            BpeTokenizer tokenizer =
                    Merges.tokenizer(
                            merges, merges(merges, architecture), architecture.textLength() - 2);
            return bundle.withImported(
                    architecture.with(CaptionCleaning.FTFY),
                    Weight.readAll(file, weights, architecture.shapes()),
                    tokenizer);
        }
    }

    /**
     * The bundle with this CLIP, on disk as float32.
     *
     * @param file e.g. {@code model.safetensors}, with the {@code config.json}, {@code vocab.json}
     *     and {@code merges.txt} of its repository beside it
     * @param captions how the captions were cleaned that it learned, which no file says
     */
    public static ModelBundle huggingFace(ModelBundle bundle, Path file, CaptionCleaning captions)
            throws IOException {
        requireOpenAiLayers(file.resolveSibling("config.json"));
        try (Safetensors opened = Safetensors.open(file)) {
            Map<String, Weight> theirs = new LinkedHashMap<>();
            opened.entries()
                    .forEach(
                            (name, entry) ->
                                    theirs.put(
                                            name,
                                            new Weight(entry.shape(), () -> opened.floats(name))));
            Map<String, Weight> weights = new LinkedHashMap<>();
            for (String name : theirs.keySet()) {
                rename(file, name, theirs, weights);
            }
            ClipArchitecture architecture = architecture(file, weights);
            Path mergesFile = file.resolveSibling("merges.txt");
            List<String> merges = merges(mergesFile, architecture);
            requireOrder(file.resolveSibling("vocab.json"), merges);
            BpeTokenizer tokenizer =
                    Merges.tokenizer(mergesFile, merges, architecture.textLength() - 2);
            return bundle.withImported(
                    architecture.with(captions),
                    Weight.readAll(file, weights, architecture.shapes()),
                    tokenizer);
        }
    }

    private static ClipArchitecture architecture(Path file, Map<String, Weight> weights)
            throws InvalidModelException {
        if (weights.containsKey("visual.attnpool.positional_embedding")) {
            throw Refusal.of(
                    file,
                    "its image tower is a ResNet",
                    "take a CLIP with a vision transformer, e.g. ViT-B-32.pt");
        }
        int patch = Weight.size(file, weights, "visual.conv1.weight", 3);
        int patches = Weight.size(file, weights, "visual.positional_embedding", 0) - 1;
        try {
            return new ClipArchitecture(
                    patch * (int) Math.sqrt(patches),
                    patch,
                    Weight.count(weights, "visual.transformer.resblocks.%d.ln_1.weight", 0),
                    Weight.size(file, weights, "visual.conv1.weight", 0),
                    Weight.count(weights, "transformer.resblocks.%d.ln_1.weight", 0),
                    Weight.size(file, weights, "token_embedding.weight", 1),
                    Weight.size(file, weights, "positional_embedding", 0),
                    Weight.size(file, weights, "token_embedding.weight", 0),
                    Weight.size(file, weights, "text_projection", 1));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw Refusal.of(file, e.getMessage(), "give a CLIP with heads of 64");
        }
    }

    /** As many merges as the embedding has room for. */
    private static List<String> merges(Path file, ClipArchitecture architecture)
            throws IOException {
        return Merges.read(file, architecture.vocabulary());
    }

    /** Tokens are numbered in the order of their merges, as at openai. */
    private static void requireOrder(Path vocabulary, List<String> merges) throws IOException {
        JsonNode numbers = json(vocabulary);
        for (int rank = 0; rank < merges.size(); rank++) {
            String token = merges.get(rank).replace(" ", "");
            int expected = BpeTokenizer.BYTE_TOKENS + rank;
            if (numbers.path(token).asInt(-1) != expected) {
                throw Refusal.of(
                        vocabulary,
                        "'%s' is not number %d, as merges.txt has it".formatted(token, expected),
                        "take both from one repository");
            }
        }
    }

    private static JsonNode json(Path file) throws IOException {
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw Refusal.of(file, "it is no JSON", "copy it again");
        } catch (NoSuchFileException e) {
            throw Refusal.of(
                    file, "it is missing", "put it beside the weights, from the same repository");
        }
    }

    /** What the tensors do not tell: activation, heads and epsilon must be those of openai. */
    private static void requireOpenAiLayers(Path config) throws IOException {
        JsonNode root = json(config);
        // what is not in the file is as in ViT-B/32
        requireOpenAiLayers(config, "text_config", root.path("text_config"), 512);
        requireOpenAiLayers(config, "vision_config", root.path("vision_config"), 768);
    }

    private static void requireOpenAiLayers(Path config, String tower, JsonNode node, int width)
            throws InvalidModelException {
        String activation = node.path("hidden_act").asText("quick_gelu");
        int hidden = node.path("hidden_size").asInt(width);
        int heads = node.path("num_attention_heads").asInt(width / 64);
        double epsilon = node.path("layer_norm_eps").asDouble(1e-5);
        if (!activation.equals("quick_gelu") || hidden != 64 * heads || epsilon != 1e-5) {
            throw Refusal.of(
                    config,
                    "its %s has %s, %d heads for a width of %d and an epsilon of %s"
                            .formatted(tower, activation, heads, hidden, epsilon),
                    "take a CLIP with quick_gelu, heads of 64 and 1e-05, as openai's");
        }
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
            if (!name.endsWith(".position_ids")) {
                ours.put(renamed, projection ? transposed(weight) : weight);
            }
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
