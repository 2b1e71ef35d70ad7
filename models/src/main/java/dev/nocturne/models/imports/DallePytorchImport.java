package dev.nocturne.models.imports;

import dev.nocturne.models.bundle.ForeignParts;
import dev.nocturne.models.bundle.ImportedPart;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DallePytorchVae;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.format.WeightsFile;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.transformer.AttentionPattern;
import dev.nocturne.models.transformer.DallePytorchTransformer;
import dev.nocturne.models.transformer.Sampling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A checkpoint of DALLE-pytorch (lucidrains, from version 0.9 on), as {@code train_dalle.py} writes
 * it: the transformer and the dVAE whose tokens it draws. Sizes are read off the tensors, and where
 * the checkpoint's settings tell them, too, both must agree.
 */
public final class DallePytorchImport {

    /** A tensor of a layer: its branch and number, wrappers, and name. */
    private static final Pattern LAYER =
            Pattern.compile(
                    "transformer\\.layers\\.(?:layers\\.(\\d+)\\.([01])|blocks\\.(\\d+)\\.([fg])\\.net)"
                            + "\\.((?:fn\\.)*)(.+)");

    private static final Pattern AXIS = Pattern.compile("image_pos_emb\\.weights[._]([01])");

    /** Our names of layers by theirs. */
    private static final Map<String, String> LAYER_NAMES =
            Map.of(
                    "to_out.0.weight", "to_out.weight",
                    "to_out.0.bias", "to_out.bias",
                    "net.0.weight", "proj_in.weight",
                    "net.0.bias", "proj_in.bias",
                    "net.3.weight", "proj_out.weight",
                    "net.3.bias", "proj_out.bias");

    /** Our names of what stands alone by theirs. */
    private static final Map<String, String> NAMES =
            Map.of(
                    "to_logits.0.weight", "norm_final.weight",
                    "to_logits.0.bias", "norm_final.bias",
                    "text_pos_emb.weight", "text_position.weight");

    /** What is taken apart, belongs to the dVAE, or is no weight. */
    private static final Pattern ELSEWHERE =
            Pattern.compile(
                    "vae\\..*|transformer\\.pos_emb|to_logits\\.1\\..*|(?:text|image)_emb\\.linear\\..*|logits_mask");

    /** Versions whose {@code conv_like} looks at what is around a token; the first wrote none. */
    private static final Pattern LOOKING_AROUND = Pattern.compile("null|0\\..*|1\\.[0-4]\\..*");

    private static final Map<String, AttentionPattern> ATTENTION =
            Map.of(
                    "full", AttentionPattern.FULL,
                    "axial_row", AttentionPattern.OWN_ROW,
                    "axial_col", AttentionPattern.COLUMN,
                    "conv_like", AttentionPattern.CORNER);

    private static final int HEAD_WIDTH = 64;

    private static final String CONSOLIDATE =
            "in the folder that train_dalle.py made for DeepSpeed, run: python zero_to_fp32.py . pytorch_model.bin; then give the folder";

    /** The last layer of the transformer. */
    private static final String HEAD = "to_logits.1.weight";

    /** As their {@code DiscreteVAE} normalises, unless told otherwise. */
    private static final List<List<Double>> NORMALIZATION =
            List.of(List.of(0.5, 0.5, 0.5, 0.0), List.of(0.5, 0.5, 0.5, 1.0));

    private final Path file;
    private final Map<String, Weight> weights;
    private final Map<?, ?> settings;
    private final Map<?, ?> vaeSettings;
    private final String vaeClass;
    private final String version;

    private DallePytorchImport(WeightsFile opened, Map<?, ?> checkpoint)
            throws InvalidModelException {
        this.file = opened.path();
        if (checkpoint.get("weights") instanceof String && !opened.has(HEAD)) {
            throw refused("its weights are apart, in files of DeepSpeed's", CONSOLIDATE);
        }
        if (!(checkpoint.get("hparams") instanceof Map<?, ?> hparams)) {
            throw refused(
                    "it has no hparams and weights",
                    "give a file that train_dalle.py of DALLE-pytorch wrote");
        }
        this.weights = opened.around(HEAD);
        this.settings = hparams;
        this.vaeSettings =
                checkpoint.get("vae_params") instanceof Map<?, ?> params ? params : Map.of();
        this.vaeClass = String.valueOf(checkpoint.get("vae_class_name"));
        this.version = String.valueOf(checkpoint.get("version"));
    }

    /**
     * The bundle with this model, on disk as float32.
     *
     * @param file e.g. {@code dalle.pt}; or a folder of DeepSpeed's, with the settings in {@code
     *     auxiliary.pt} and the weights that {@code zero_to_fp32.py} made
     * @param merges {@code bpe_simple_vocab_16e6.txt} of the default tokenizer, plain or compressed
     */
    public static ModelBundle checkpoint(ModelBundle bundle, Path file, Path merges)
            throws IOException {
        if (Files.isDirectory(file)) {
            return folder(bundle, file, merges);
        }
        try (WeightsFile opened = WeightsFile.open(file)) {
            return new DallePytorchImport(opened, opened.dictionary()).into(bundle, merges);
        }
    }

    private static ModelBundle folder(ModelBundle bundle, Path folder, Path merges)
            throws IOException {
        Path settings = folder.resolve("auxiliary.pt");
        if (!Files.exists(settings) || !WeightsFile.isIn(folder)) {
            throw Refusal.of(
                    folder, "it has no auxiliary.pt with pytorch_model.bin beside it", CONSOLIDATE);
        }
        try (WeightsFile beside = WeightsFile.open(settings);
                WeightsFile opened = WeightsFile.open(folder)) {
            return new DallePytorchImport(opened, beside.dictionary()).into(bundle, merges);
        }
    }

    private ModelBundle into(ModelBundle bundle, Path merges) throws IOException {
        requirePadsOfTheirOwn();
        Map<String, Weight> vaeWeights = vaeWeights();
        DvaeFamily vae = vae(vaeWeights);
        Map<String, Weight> ours = new LinkedHashMap<>();
        DallePytorchTransformer transformer = transformer(vae, ours);
        int imageSize = transformer.gridSize() * vae.downsampling();
        requireEqual("image_size", vaeSettings, imageSize);
        BpeTokenizer tokenizer =
                Merges.tokenizer(
                        merges,
                        Merges.read(merges, transformer.textVocabulary()),
                        transformer.textLength());
        Map<String, Tensor> transformerTensors = Weight.readEach(file, ours, transformer.shapes());
        return new ForeignParts(bundle)
                .dalle(
                        imageSize,
                        ImportedPart.float32(transformer, transformerTensors),
                        // their generate_images takes any
                        Sampling.PLAIN,
                        ImportedPart.float32(vae, Weight.readEach(file, vaeWeights, vae.shapes())),
                        tokenizer);
    }

    /** Since 0.9 each text position has a pad; before, pads were hidden from attention. */
    private void requirePadsOfTheirOwn() throws InvalidModelException {
        if (weights.containsKey("image_emb.weight")
                && Weight.size(file, weights, HEAD, 0)
                        == number("num_text_tokens", 10000)
                                + Weight.size(file, weights, "image_emb.weight", 0)) {
            throw refused(
                    "a version of DALLE-pytorch before 0.9 wrote it, whose layers and captions are others",
                    "give a checkpoint that 0.9 or a later one trained; nothing converts it");
        }
    }

    /** The dVAE's tensors by our names. */
    private Map<String, Weight> vaeWeights() {
        Map<String, Weight> ours = new LinkedHashMap<>();
        weights.forEach(
                (name, weight) -> {
                    if (name.startsWith("vae.")) {
                        ours.put(
                                name.substring("vae.".length())
                                        .replaceFirst("^enc\\.blocks", "encoder.blocks")
                                        .replaceFirst("^dec\\.blocks", "decoder.blocks"),
                                weight);
                    }
                });
        return ours;
    }

    private DvaeFamily vae(Map<String, Weight> ours) throws InvalidModelException {
        if (ours.containsKey("encoder.blocks.input.w")) {
            return DvaeImport.architecture(file, file, ours);
        }
        if (!ours.containsKey("codebook.weight")) {
            throw refused(
                    "its pictures are coded by %s"
                            .formatted(vaeClass.equals("null") ? "a VQGAN" : vaeClass),
                    "give a model with a DiscreteVAE or an OpenAIDiscreteVAE");
        }
        requireEqual("channels", vaeSettings, 3);
        Object normalization = vaeSettings.get("normalization");
        if (vaeSettings.containsKey("normalization") && !NORMALIZATION.equals(normalization)) {
            throw refused(
                    "its dVAE has the normalization %s".formatted(normalization),
                    "only %s is known here".formatted(NORMALIZATION));
        }
        int layers = Weight.count(ours, "encoder.%d.0.weight", 0);
        try {
            return new DallePytorchVae(
                    layers,
                    Weight.count(ours, "encoder.%d.net.0.weight", layers),
                    Weight.size(file, ours, "encoder.0.0.weight", 0),
                    Weight.size(file, ours, "codebook.weight", 0),
                    Weight.size(file, ours, "codebook.weight", 1));
        } catch (IllegalArgumentException e) {
            throw refused(e.getMessage(), "give a model that DALLE-pytorch wrote");
        }
    }

    /** Renames what belongs to the transformer into {@code ours}. */
    private DallePytorchTransformer transformer(DvaeFamily vae, Map<String, Weight> ours)
            throws InvalidModelException {
        int textVocabulary = number("num_text_tokens", 10000);
        int textLength = number("text_seq_len", 256);
        boolean shifted = false;
        boolean reversible = false;
        for (Map.Entry<String, Weight> entry : weights.entrySet()) {
            String name = entry.getKey();
            Matcher layer = LAYER.matcher(name);
            Matcher axis = AXIS.matcher(name);
            if (layer.matches()) {
                reversible |= layer.group(3) != null;
                // a feed-forward lies in a scale and a norm, and in a shift if there is one
                shifted |=
                        layer.group(6).equals("net.0.weight")
                                && layer.group(5).length() > "fn.fn.".length();
                ours.put(ourName(layer), withoutOnes(entry.getValue()));
            } else if (axis.matches()) {
                boolean row = axis.group(1).equals("0");
                ours.put(
                        row ? "image_row.weight" : "image_column.weight",
                        withoutOnes(entry.getValue()));
            } else if (!ELSEWHERE.matcher(name).matches()) {
                ours.put(NAMES.getOrDefault(name, name), entry.getValue());
            }
        }
        boolean rotary = weights.containsKey("transformer.pos_emb");
        if (rotary) {
            rotations(textLength, ours);
        }
        embeddings(textVocabulary + textLength, vae.vocabulary(), ours);
        requireEqual("dim_head", settings, HEAD_WIDTH);
        int heads = Weight.size(file, ours, "layers.0.attn.to_qkv.weight", 0) / (3 * HEAD_WIDTH);
        boolean sandwich = ours.containsKey("layers.0.attn.norm_out.weight");
        requireEqual("heads", settings, heads);
        requireEqual("rotary_emb", settings, rotary);
        requireEqual("shift_tokens", settings, shifted);
        requireEqual("sandwich_norm", settings, sandwich);
        requireEqual("reversible", settings, reversible);
        try {
            return new DallePytorchTransformer(
                    Weight.count(ours, "layers.%d.attn.norm.weight", 0),
                    Weight.size(file, ours, "image_emb.weight", 1),
                    heads,
                    textVocabulary,
                    textLength,
                    vae.vocabulary(),
                    Weight.size(file, ours, rotary ? "image_rotation" : "image_row.weight", 0),
                    attention(),
                    rotary,
                    shifted,
                    sandwich,
                    Boolean.TRUE.equals(settings.get("stable")),
                    reversible);
        } catch (IllegalArgumentException e) {
            throw refused(e.getMessage(), "give a model that DALLE-pytorch wrote");
        }
    }

    private static String ourName(Matcher layer) {
        boolean plain = layer.group(1) != null;
        boolean attention = plain ? layer.group(2).equals("0") : layer.group(4).equals("f");
        return "layers.%s.%s.%s"
                .formatted(
                        plain ? layer.group(1) : layer.group(3),
                        attention ? "attn" : "ff",
                        LAYER_NAMES.getOrDefault(layer.group(6), layer.group(6)));
    }

    /** Their scales and axes of positions have dimensions of 1, to be added to anything. */
    private static Weight withoutOnes(Weight weight) {
        return weight.shaped(Arrays.stream(weight.shape()).filter(size -> size != 1).toArray());
    }

    /**
     * The angles of all positions, [1, text and image, numbers], apart. Until 1.1.1 those of the
     * last position were left out, whose token is read by no other.
     */
    private void rotations(int textLength, Map<String, Weight> ours) throws InvalidModelException {
        Weight all = weights.get("transformer.pos_emb");
        long[] shape = all.shape();
        int positions = (int) shape[shape.length - 2];
        int numbers = (int) shape[shape.length - 1];
        int text = 1 + textLength;
        int side = (int) Math.sqrt(Math.max(positions - text + 1, 0));
        int leftOut = text + side * side - positions;
        if (side < 1 || leftOut < 0 || leftOut > 1) {
            throw refused(
                    "%d positions less %d of text make no square image".formatted(positions, text),
                    "give a model that DALLE-pytorch wrote");
        }
        Weight flat = all.shaped(positions, numbers);
        ours.put("text_rotation", flat.part(0, text));
        Weight image = flat.part(text, positions);
        ours.put(
                "image_rotation",
                new Weight(
                        new long[] {side, side, numbers},
                        () -> Arrays.copyOf(image.values().read(), side * side * numbers)));
    }

    /**
     * The head has text ids, then codes; only its codes are drawn. Embeddings may be the same
     * numbers.
     */
    private void embeddings(int textIds, int codes, Map<String, Weight> ours)
            throws InvalidModelException {
        int all = Weight.size(file, weights, "to_logits.1.weight", 0);
        if (all != textIds + codes || Weight.size(file, weights, "to_logits.1.bias", 0) != all) {
            throw refused(
                    "it has %d logits, not %d of text and %d of the image"
                            .formatted(all, textIds, codes),
                    "give a model that DALLE-pytorch wrote");
        }
        Weight head = weights.get("to_logits.1.weight");
        ours.put("image_head.weight", head.part(textIds, all));
        ours.put("image_head.bias", weights.get("to_logits.1.bias").part(textIds, all));
        if (weights.containsKey("text_emb.linear.weight")) {
            ours.put("text_emb.weight", head.part(0, textIds));
            ours.put("image_emb.weight", head.part(textIds, all));
        }
    }

    private List<AttentionPattern> attention() throws InvalidModelException {
        if (settings.get("attn_types") == null) {
            return List.of(AttentionPattern.FULL);
        }
        List<AttentionPattern> patterns = new ArrayList<>();
        Object types = settings.get("attn_types");
        for (Object type : types instanceof List<?> list ? list : List.of(types)) {
            AttentionPattern pattern =
                    type.equals("conv_like") && LOOKING_AROUND.matcher(version).matches()
                            ? AttentionPattern.AROUND
                            : ATTENTION.get(String.valueOf(type));
            if (pattern == null) {
                throw refused(
                        "it has attention of the type '%s'".formatted(type),
                        "give a model of full, axial_row, axial_col and conv_like");
            }
            patterns.add(pattern);
        }
        return patterns;
    }

    private int number(String name, int unset) throws InvalidModelException {
        Object value = settings.get(name);
        if (value == null) {
            return unset;
        }
        if (value instanceof Long number && number > 0 && number < 1 << 24) {
            return number.intValue();
        }
        throw refused(
                "its setting %s is %s".formatted(name, value),
                "give a model that DALLE-pytorch wrote");
    }

    /** What a setting says, if it is there, must be what the tensors say or what is known here. */
    private void requireEqual(String name, Map<?, ?> stated, Object value)
            throws InvalidModelException {
        Object said = stated.get(name);
        if (said != null && !said.toString().equals(value.toString())) {
            throw refused(
                    "its setting %s is %s".formatted(name, said),
                    "only %s can be read with these tensors".formatted(value));
        }
    }

    private InvalidModelException refused(String wrong, String remedy) {
        return Refusal.of(file, wrong, remedy);
    }
}
