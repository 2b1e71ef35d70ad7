package dev.nocturne.models.imports;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.format.WeightsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * What a CLIP's tensors do not tell; the rest is as openai's.
 *
 * @param exactGelu whether the layers have the exact GELU, and not openai's approximation
 * @param visionHeads heads of the image tower; 0 for heads 64 wide
 */
record ClipSettings(boolean exactGelu, int visionHeads) {
    /** Names of openai's activation and of torch's, everywhere. */
    private static final String QUICK = "quick_gelu";

    private static final String EXACT = "gelu";

    private static final String ASK =
            "give --activation quick_gelu (openai's models, and those of open_clip whose names say quickgelu) or --activation gelu";

    /** Settings of open_clip's that the tensors show, or that training alone reads. */
    private static final Set<String> SHOWN =
            Set.of(
                    "layers",
                    "width",
                    "patch_size",
                    "image_size",
                    "context_length",
                    "vocab_size",
                    "heads",
                    "head_width",
                    "mlp_ratio",
                    "patch_dropout",
                    "hf_tokenizer_name",
                    "tokenizer_kwargs",
                    "output_tokens",
                    "eos_id",
                    "pad_id");

    /** Values of open_clip's that are openai's, where a setting is neither shown nor off. */
    private static final Set<String> OPENAIS =
            Set.of(
                    "pool_type: \"tok\"",
                    "pool_type: \"argmax\"",
                    "pos_embed_type: \"learnable\"",
                    "proj_type: \"linear\"");

    /** Widths of image towers whose heads are not 64 wide: ViT-H, g and bigG. */
    private static final Set<Integer> OTHER_HEADS = Set.of(1280, 1408, 1664);

    private static final ObjectMapper JSON = new ObjectMapper();

    /** What a file of settings says. */
    private record Said(String activation, int visionHeads) {}

    /**
     * @param asked the activation by name; null if the file is to say it
     * @param visionWidth of the image tower
     * @throws InvalidModelException if neither the file nor the caller says the activation, if they
     *     differ, if nothing says the heads of a tower that does not have the usual ones, or if
     *     another setting is not openai's
     */
    static ClipSettings of(WeightsFile file, String asked, int visionWidth) throws IOException {
        Said beside =
                ClipNames.areHuggingFaces(file)
                        ? huggingFace(file, asked)
                        : openClip(file, visionWidth);
        if (beside == null && OTHER_HEADS.contains(visionWidth)) {
            throw Refusal.of(
                    file.path(),
                    "its image tower is %d wide, as those whose heads are not 64 wide"
                            .formatted(visionWidth),
                    "put its open_clip_config.json beside it (config.json with weights of transformers')");
        }
        String inside = activation(file);
        String said = inside == null && beside != null ? beside.activation : inside;
        if (said == null && asked == null) {
            throw Refusal.of(file.path(), "nothing in it or beside it says its activation", ASK);
        }
        if (said != null && asked != null && !said.equals(asked)) {
            throw Refusal.of(
                    file.path(),
                    "it says that its activation is %s, not %s".formatted(said, asked),
                    "leave --activation out");
        }
        String activation = said == null ? asked : said;
        if (!activation.equals(QUICK) && !activation.equals(EXACT)) {
            throw Refusal.of(
                    file.path(),
                    "its activation is " + activation,
                    "take a CLIP with quick_gelu or gelu");
        }
        return new ClipSettings(activation.equals(EXACT), beside == null ? 0 : beside.visionHeads);
    }

    /** The activation by the modules or the program in the file; or null. */
    private static String activation(WeightsFile file) {
        for (Map.Entry<String, String> module : file.modules().entrySet()) {
            String type = module.getValue();
            if (module.getKey().endsWith(".mlp.gelu") && type.endsWith("GELU")) {
                return type.endsWith("QuickGELU") ? QUICK : EXACT;
            }
        }
        // QuickGELU is x * sigmoid(1.702 * x), and no other layer has either
        boolean quick = file.program().contains("torch.sigmoid(");
        boolean exact = file.program().contains("torch.gelu(");
        if (quick != exact) {
            return quick ? QUICK : EXACT;
        }
        return null;
    }

    /** What open_clip's settings beside the file say; null if there are none. */
    private static Said openClip(WeightsFile file, int visionWidth) throws IOException {
        Path config = file.path().resolveSibling("open_clip_config.json");
        if (!Files.exists(config)) {
            return null;
        }
        JsonNode root = tree(config);
        JsonNode model = root.path("model_cfg");
        JsonNode vision = model.path("vision_cfg");
        JsonNode text = model.path("text_cfg");
        requireOpenAi(config, "vision_cfg", vision);
        requireOpenAi(config, "text_cfg", text);
        requireTextHeads(
                config, "text_cfg", text.path("heads").asInt(8), text.path("width").asInt(512));
        requireColours(config, root.path("preprocess_cfg"));
        return new Said(
                model.path(QUICK).asBoolean(false) ? QUICK : EXACT,
                visionWidth / Math.max(1, vision.path("head_width").asInt(64)));
    }

    private static void requireTextHeads(Path config, String tower, int heads, int width)
            throws InvalidModelException {
        if (width != 64 * heads) {
            throw Refusal.of(
                    config,
                    "its %s has %d heads for a width of %d".formatted(tower, heads, width),
                    "take a CLIP whose text tower has heads of 64");
        }
    }

    private static void requireOpenAi(Path config, String tower, JsonNode settings)
            throws InvalidModelException {
        for (Map.Entry<String, JsonNode> setting : settings.properties()) {
            JsonNode value = setting.getValue();
            boolean off = value.isNull() || value.isBoolean() && !value.asBoolean();
            String written = "%s: %s".formatted(setting.getKey(), value);
            if (!off && !SHOWN.contains(setting.getKey()) && !OPENAIS.contains(written)) {
                throw Refusal.of(
                        config,
                        "its %s has %s".formatted(tower, written),
                        "take a CLIP with openai's layers");
            }
        }
    }

    /** Pictures are prepared as openai's are. */
    private static void requireColours(Path config, JsonNode preprocessing)
            throws InvalidModelException {
        double red = preprocessing.path("mean").path(0).asDouble(0.48145466);
        String resize = preprocessing.path("resize_mode").asText("shortest");
        String interpolation = preprocessing.path("interpolation").asText("bicubic");
        if (Math.abs(red - 0.48145466) > 1e-6
                || !resize.equals("shortest")
                || !interpolation.equals("bicubic")) {
            throw Refusal.of(
                    config,
                    "it prepares pictures with a mean of %s, %s and %s"
                            .formatted(red, resize, interpolation),
                    "take a CLIP that prepares them as openai's");
        }
    }

    private static Said huggingFace(WeightsFile file, String asked) throws IOException {
        Path config = file.path().resolveSibling("config.json");
        if (asked != null && !Files.exists(config)) {
            return null;
        }
        JsonNode root = tree(config);
        JsonNode text = root.path("text_config");
        JsonNode vision = root.path("vision_config");
        // what is not in the file is as in ViT-B/32
        requireTextHeads(
                config,
                "text_config",
                text.path("num_attention_heads").asInt(8),
                text.path("hidden_size").asInt(512));
        String activation = activation(config, "text_config", text);
        String visions = activation(config, "vision_config", vision);
        if (!activation.equals(visions)) {
            throw Refusal.of(
                    config,
                    "its towers have the activations %s and %s".formatted(activation, visions),
                    "take a CLIP with one for both");
        }
        return new Said(activation, vision.path("num_attention_heads").asInt(12));
    }

    private static String activation(Path config, String tower, JsonNode node)
            throws InvalidModelException {
        double epsilon = node.path("layer_norm_eps").asDouble(1e-5);
        if (epsilon != 1e-5) {
            throw Refusal.of(
                    config,
                    "its %s has an epsilon of %s".formatted(tower, epsilon),
                    "take a CLIP with 1e-05, as openai's");
        }
        return node.path("hidden_act").asText(QUICK);
    }

    private static JsonNode tree(Path config) throws IOException {
        return Vocabularies.tree(
                JSON, config, "put it beside the weights, from the same repository, or " + ASK);
    }
}
