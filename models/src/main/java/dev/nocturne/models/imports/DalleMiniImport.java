package dev.nocturne.models.imports;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.models.bundle.ForeignParts;
import dev.nocturne.models.bundle.ImportedPart;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.Vqgan;
import dev.nocturne.models.format.FlaxFile;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.format.Safetensors.StorageType;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.format.WeightsFile;
import dev.nocturne.models.transformer.DalleMiniTransformer;
import dev.nocturne.models.transformer.Sampling;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * DALL·E mini and mega, as min-dalle has them ({@code encoder.pt}, {@code decoder.pt}, {@code
 * vocab.json}, {@code merges.txt}; {@code detoker.pt}) or as dalle-mini publishes them ({@code
 * flax_model.msgpack}, {@code config.json}, {@code tokenizer.json}; {@code flax_model.msgpack} of
 * its VQGAN). Sizes are read off the tensors.
 */
public final class DalleMiniImport {
    private static final String FLAX_WEIGHTS = "flax_model.msgpack";
    private static final String TORCH_ENCODER = "encoder.pt";
    private static final String TORCH_VQGAN = "detoker.pt";

    /** A tensor that encoder and decoder have. */
    private static final String EMBEDDING = "layernorm_embedding.weight";

    static final String PUBLISHED = "give the folder of the model as published";

    /** How both are drawn from by their makers, but for {@code top_k}. */
    private static final Sampling SUPER_CONDITIONED = new Sampling(1, 0, 1, 16);

    /** The transformer's file, for errors. */
    private final Path file;

    /** By the names of min-dalle's, "encoder." or "decoder." before them; what is used, goes. */
    private final Map<String, Weight> theirs;

    private final Map<String, Weight> ours = new LinkedHashMap<>();

    private DalleMiniImport(Path file, Map<String, Weight> theirs) {
        this.file = file;
        this.theirs = theirs;
    }

    /**
     * The bundle with this model, on disk as exactly as it came.
     *
     * @param folder of the transformer and the tokenizer
     * @param vqgan {@code detoker.pt} of min-dalle, or the folder of dalle-mini's VQGAN; null if
     *     min-dalle's is in the folder, or in {@code vqgan} beside it
     * @param startToken the image token that begins every picture; empty for the one that the model
     *     was trained with
     */
    public static ModelBundle folder(
            ModelBundle bundle, Path folder, Path vqgan, OptionalInt startToken)
            throws IOException {
        Path codes = vqganFile(folder, vqgan);
        if (Files.exists(folder.resolve(TORCH_ENCODER))) {
            Path decoderFile = folder.resolve("decoder.pt");
            requireFile(decoderFile);
            try (WeightsFile encoder = WeightsFile.open(folder.resolve(TORCH_ENCODER));
                    WeightsFile decoder = WeightsFile.open(decoderFile)) {
                Map<String, Weight> theirs = new HashMap<>();
                encoder.around(EMBEDDING)
                        .forEach((name, weight) -> theirs.put("encoder." + name, weight));
                decoder.around(EMBEDDING)
                        .forEach((name, weight) -> theirs.put("decoder." + name, weight));
                return new DalleMiniImport(folder, theirs)
                        .into(
                                bundle,
                                DalleMiniVocabulary.ofMinDalle(folder),
                                kept(encoder.isFloat16() && decoder.isFloat16()),
                                codes,
                                startToken);
            }
        }
        Path weights = folder.resolve(FLAX_WEIGHTS);
        if (!Files.exists(weights)) {
            throw Refusal.of(
                    folder,
                    "it has neither %s nor %s".formatted(TORCH_ENCODER, FLAX_WEIGHTS),
                    PUBLISHED);
        }
        requireKnownSettings(folder.resolve("config.json"));
        try (FlaxFile flax = FlaxFile.open(weights)) {
            return new DalleMiniImport(weights, DalleMiniFlax.byNamesOfMinDalle(flax))
                    .into(
                            bundle,
                            DalleMiniVocabulary.ofDalleMini(folder),
                            kept(flax.isFloat16()),
                            codes,
                            startToken);
        }
    }

    private static Path vqganFile(Path folder, Path given) throws InvalidModelException {
        if (given == null) {
            Path inside = folder.resolve(TORCH_VQGAN);
            Path beside = folder.resolveSibling("vqgan").resolve(TORCH_VQGAN);
            Path found = Files.exists(inside) ? inside : beside;
            if (!Files.exists(found)) {
                throw Refusal.of(
                        folder,
                        "it has no %s, and the folder vqgan beside it has none"
                                .formatted(TORCH_VQGAN),
                        "name the VQGAN with --vqgan");
            }
            return found;
        }
        Path file = Files.isDirectory(given) ? given.resolve(FLAX_WEIGHTS) : given;
        requireFile(file);
        return file;
    }

    static void requireFile(Path file) throws InvalidModelException {
        if (!Files.exists(file)) {
            throw Refusal.of(file, "it is missing", PUBLISHED);
        }
    }

    private static StorageType kept(boolean isFloat16) {
        return isFloat16 ? StorageType.F16 : StorageType.F32;
    }

    private ModelBundle into(
            ModelBundle bundle,
            DalleMiniVocabulary vocabulary,
            StorageType type,
            Path vqganFile,
            OptionalInt startToken)
            throws IOException {
        try (Closeable opened =
                vqganFile.endsWith(FLAX_WEIGHTS)
                        ? FlaxFile.open(vqganFile)
                        : WeightsFile.open(vqganFile)) {
            Map<String, Weight> vqganWeights = vqganWeights(opened);
            Vqgan vqgan = vqgan(vqganFile, vqganWeights);
            DalleMiniTransformer transformer = transformer(vocabulary, vqgan, startToken);
            return new ForeignParts(bundle)
                    .dalle(
                            transformer.gridSize() * vqgan.downsampling(),
                            new ImportedPart<>(
                                    transformer,
                                    Weight.readEach(file, ours, transformer.shapes()),
                                    type),
                            SUPER_CONDITIONED,
                            ImportedPart.float32(
                                    vqgan,
                                    Weight.readEach(vqganFile, vqganWeights, vqgan.shapes())),
                            vocabulary.tokenizer(transformer));
        }
    }

    private DalleMiniTransformer transformer(
            DalleMiniVocabulary vocabulary, Vqgan vqgan, OptionalInt startToken)
            throws InvalidModelException {
        int codes = vqgan.vocabulary();
        int width = Weight.size(file, theirs, "encoder.embed_tokens.weight", 1);
        int textVocabulary = Weight.size(file, theirs, "encoder.embed_tokens.weight", 0);
        int textPositions = Weight.size(file, theirs, "encoder.embed_positions.weight", 0);
        int imageTokens = Weight.size(file, theirs, "decoder.embed_tokens.weight", 0);
        int positions = Weight.size(file, theirs, "decoder.embed_positions.weight", 0);
        int middle = Weight.size(file, theirs, "encoder.layers.0.glu.fc0.weight", 0);
        // some have one position more than there are inputs
        int side = (int) Math.sqrt(positions);
        int start = startToken.orElse(imageTokens - 1);
        if (codes >= imageTokens || start < 0 || start >= imageTokens) {
            throw refused(
                    "it has %d image tokens, the start token would be %d, and the VQGAN has %d codes"
                            .formatted(imageTokens, start, codes));
        }
        move("encoder.token.weight", "encoder.embed_tokens.weight");
        move("encoder.position.weight", "encoder.embed_positions.weight");
        Weight tokens = take("decoder.embed_tokens.weight");
        ours.put("image_token.weight", tokens.part(0, codes));
        ours.put("start_token.weight", tokens.part(start, start + 1).shaped(width));
        ours.put(
                "image_position.weight",
                take("decoder.embed_positions.weight")
                        .part(0, side * side)
                        .shaped(side, side, width));
        Weight head = take("decoder.lm_head.weight");
        if (head.shape().length != 2 || head.shape()[0] < codes) {
            throw refused("its head has fewer logits than the VQGAN has codes");
        }
        // what comes after the codes is never drawn
        ours.put("image_head.weight", head.part(0, codes));
        int encoderLayers = stack("encoder.", "encoder.");
        int layers = stack("decoder.", "");
        if (!theirs.isEmpty()) {
            throw refused("it has the unknown tensor " + Collections.min(theirs.keySet()));
        }
        try {
            return new DalleMiniTransformer(
                    encoderLayers,
                    layers,
                    width,
                    middle,
                    textVocabulary,
                    vocabulary.number(DalleMiniVocabulary.BEGIN),
                    vocabulary.number(DalleMiniVocabulary.END),
                    textPositions,
                    codes,
                    side);
        } catch (IllegalArgumentException e) {
            throw refused(e.getMessage());
        }
    }

    /** Renames what encoder and decoder have; returns how many layers it has. */
    private int stack(String from, String to) throws InvalidModelException {
        norm(to + "norm_embedding", from + "layernorm_embedding");
        norm(to + "norm_final", from + "final_ln");
        int layers = Weight.count(theirs, from + "layers.%d.self_attn.q_proj.weight", 0);
        for (int layer = 0; layer < layers; layer++) {
            String theirName = from + "layers." + layer;
            String name = to + "layers." + layer;
            attention(name + ".attn", theirName, "self_attn");
            stacked(
                    name + ".attn.qkv.weight",
                    theirName + ".self_attn.q_proj.weight",
                    theirName + ".self_attn.k_proj.weight",
                    theirName + ".self_attn.v_proj.weight");
            norm(name + ".glu.norm", theirName + ".glu.ln0");
            move(name + ".glu.gate.weight", theirName + ".glu.fc0.weight");
            move(name + ".glu.value.weight", theirName + ".glu.fc1.weight");
            norm(name + ".glu.norm_middle", theirName + ".glu.ln1");
            move(name + ".glu.out.weight", theirName + ".glu.fc2.weight");
            if (theirs.containsKey(theirName + ".encoder_attn.q_proj.weight")) {
                attention(name + ".cross", theirName, "encoder_attn");
                move(name + ".cross.q.weight", theirName + ".encoder_attn.q_proj.weight");
                stacked(
                        name + ".cross.kv.weight",
                        theirName + ".encoder_attn.k_proj.weight",
                        theirName + ".encoder_attn.v_proj.weight");
            }
        }
        return layers;
    }

    private void attention(String name, String theirLayer, String theirName)
            throws InvalidModelException {
        norm(name + ".norm", "%s.pre_%s_layer_norm".formatted(theirLayer, theirName));
        move(name + ".out.weight", "%s.%s.out_proj.weight".formatted(theirLayer, theirName));
        norm(name + ".norm_out", "%s.%s_layer_norm".formatted(theirLayer, theirName));
    }

    /** Norms that were trained without gains have none in the file. */
    private void norm(String name, String theirName) throws InvalidModelException {
        Weight bias = take(theirName + ".bias");
        Weight gain = theirs.remove(theirName + ".weight");
        ours.put(name + ".bias", bias);
        ours.put(
                name + ".weight", gain != null ? gain : Weight.ones(Weight.elements(bias.shape())));
    }

    private void stacked(String name, String... theirNames) throws InvalidModelException {
        List<Weight> parts = new ArrayList<>();
        for (String theirName : theirNames) {
            parts.add(take(theirName));
        }
        ours.put(name, Weight.stacked(file, theirNames[0], parts));
    }

    private void move(String name, String theirName) throws InvalidModelException {
        ours.put(name, take(theirName));
    }

    private Weight take(String theirName) throws InvalidModelException {
        Weight weight = Weight.require(file, theirs, theirName);
        theirs.remove(theirName);
        return weight;
    }

    /** What the tensors do not tell. */
    private static void requireKnownSettings(Path config) throws IOException {
        JsonNode settings = DalleMiniVocabulary.tree(config);
        int width = settings.path("d_model").asInt();
        Map<String, Object> known = new LinkedHashMap<>();
        known.put("encoder_attention_heads", width / 64);
        known.put("decoder_attention_heads", width / 64);
        known.put("activation_function", "gelu");
        known.put("ln_positions", "normformer");
        known.put("ln_type", "layernorm");
        known.put("use_bias", false);
        known.put("use_head_scale", false);
        known.put("use_cosine_attention", false);
        known.put("use_swin_position_embeddings", false);
        known.put("use_absolute_position_embeddings", true);
        known.put("use_deepnet_scaling", false);
        known.put("use_subln_init", false);
        known.put("sinkhorn_iters", 1);
        known.put("scale_embedding", false);
        for (Map.Entry<String, Object> setting : known.entrySet()) {
            JsonNode said = settings.get(setting.getKey());
            if (said != null && !said.asText().equals(setting.getValue().toString())) {
                throw Refusal.of(
                        config,
                        "%s is %s".formatted(setting.getKey(), said.asText()),
                        "only %s is known".formatted(setting.getValue()));
            }
        }
    }

    /** The VQGAN's tensors by our names. */
    private static Map<String, Weight> vqganWeights(Closeable file) throws InvalidModelException {
        Map<String, Weight> ours = new LinkedHashMap<>();
        if (file instanceof WeightsFile torch) {
            torch.around("post_quant_conv.weight")
                    .forEach(
                            (name, weight) ->
                                    ours.put(
                                            name.replaceFirst(
                                                    "^embedding\\.", "quantize.embedding."),
                                            weight));
        } else if (file instanceof FlaxFile flax) {
            flax.weights()
                    .forEach(
                            (name, weight) ->
                                    ours.put(
                                            name.replaceFirst(
                                                            "\\.(?:kernel|scale|embedding)$",
                                                            ".weight")
                                                    .replaceFirst(
                                                            "\\.(down|up)_(\\d+)\\.", ".$1.$2.")
                                                    .replaceFirst(
                                                            "(\\.(?:down|up)\\.\\d+\\.(?:block|attn))_(\\d+)",
                                                            "$1.$2"),
                                            name.endsWith(".kernel") ? weight.fromFlax() : weight));
        }
        return ours;
    }

    private static Vqgan vqgan(Path file, Map<String, Weight> weights)
            throws InvalidModelException {
        List<Integer> channels = new ArrayList<>();
        List<Integer> attention = new ArrayList<>();
        int levels = Weight.count(weights, "decoder.up.%d.block.0.conv1.weight", 0);
        for (int level = 0; level < levels; level++) {
            String name = "decoder.up.%d.".formatted(level);
            channels.add(Weight.size(file, weights, name + "block.0.conv1.weight", 0));
            if (weights.containsKey(name + "attn.0.q.weight")) {
                attention.add(level);
            }
        }
        try {
            return new Vqgan(
                    channels,
                    Weight.count(weights, "decoder.up.0.block.%d.conv1.weight", 0) - 1,
                    attention,
                    Weight.size(file, weights, "post_quant_conv.weight", 0),
                    Weight.size(file, weights, "quantize.embedding.weight", 0),
                    Weight.size(file, weights, "quantize.embedding.weight", 1),
                    true,
                    !weights.containsKey("encoder.conv_in.weight"));
        } catch (IllegalArgumentException e) {
            throw Refusal.of(file, e.getMessage(), "give the VQGAN of DALL·E mini");
        }
    }

    private InvalidModelException refused(String wrong) {
        return Refusal.of(file, wrong, "give DALL·E mini or mega as published, and its VQGAN");
    }
}
