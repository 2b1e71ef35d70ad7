package dev.nocturne.models.imports;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.nocturne.models.bundle.ForeignParts;
import dev.nocturne.models.bundle.ImportedPart;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.Vqgan;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.format.WeightsFile;
import dev.nocturne.models.tokenizer.CharacterBpeTokenizer;
import dev.nocturne.models.transformer.KakaoTransformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * minDALL-E as kakaobrain publishes it: a folder with {@code config.yaml}, {@code stage1_last.ckpt}
 * (VQGAN), {@code stage2_last.ckpt} (transformer) and {@code tokenizer/bpe-16k-vocab.json} and
 * {@code -merges.txt}. Sizes are read off the tensors.
 */
public final class KakaoImport {
    private static final String PUBLISHED = "give the folder of minDALL-E as published";

    /** A tensor of a block: number, layer, parameter. */
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d+)\\.(.+)\\.(\\w+)");

    private static final Map<String, String> BLOCK_NAMES =
            Map.of(
                    "ln1", "ln_1",
                    "ln2", "ln_2",
                    "attn.proj", "attn.out_proj",
                    "mlp.0", "mlp.c_fc",
                    "mlp.2", "mlp.c_proj");

    /** Our names by theirs, outside the blocks. */
    private static final Map<String, String> NAMES =
            Map.of(
                    "tok_emb_txt.weight", "text_token.weight",
                    "tok_emb_img.weight", "image_token.weight",
                    "pos_emb_txt.weight", "text_position.weight",
                    "pos_emb_img.weight", "image_position.weight",
                    "ln_f.weight", "ln_final.weight",
                    "ln_f.bias", "ln_final.bias",
                    "head_img.weight", "image_head.weight");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    private KakaoImport() {}

    /** The bundle with this model, on disk as float32. */
    public static ModelBundle folder(ModelBundle bundle, Path folder) throws IOException {
        Path stage1 = folder.resolve("stage1_last.ckpt");
        Path stage2 = folder.resolve("stage2_last.ckpt");
        Path vocabularyFile = folder.resolve("tokenizer/bpe-16k-vocab.json");
        Map<String, Integer> vocabulary =
                Vocabularies.numbers(
                        vocabularyFile, Vocabularies.tree(JSON, vocabularyFile, PUBLISHED));
        try (WeightsFile codes = WeightsFile.open(stage1);
                WeightsFile text = WeightsFile.open(stage2)) {
            Map<String, Weight> vqganWeights = codes.around("quantize.embedding.weight");
            // what the VQGAN was trained with
            vqganWeights.keySet().removeIf(name -> name.startsWith("loss."));
            Vqgan vqgan = vqgan(stage1, vqganWeights);
            Map<String, Weight> weights = renamed(stage2, text.around("tok_emb_img.weight"));
            KakaoTransformer transformer =
                    transformer(stage2, weights, pad(vocabulary), vqgan.vocabulary());
            requireKnownSettings(folder.resolve("config.yaml"), transformer.width());
            CharacterBpeTokenizer tokenizer =
                    tokenizer(
                            vocabularyFile,
                            vocabulary,
                            folder.resolve("tokenizer/bpe-16k-merges.txt"),
                            transformer);
            Map<String, Tensor> tensors = Weight.readEach(stage2, weights, transformer.shapes());
            return new ForeignParts(bundle)
                    .dalle(
                            transformer.gridSize() * vqgan.downsampling(),
                            ImportedPart.float32(transformer, tensors),
                            // it never saw pictures without a caption
                            null,
                            ImportedPart.float32(
                                    vqgan, Weight.readEach(stage1, vqganWeights, vqgan.shapes())),
                            tokenizer);
        }
    }

    private static Vqgan vqgan(Path file, Map<String, Weight> weights)
            throws InvalidModelException {
        int levels = Weight.count(weights, "encoder.down.%d.block.0.conv1.weight", 0);
        List<Integer> channels = new ArrayList<>();
        for (int level = 0; level < levels; level++) {
            channels.add(
                    Weight.size(
                            file,
                            weights,
                            "encoder.down.%d.block.0.conv1.weight".formatted(level),
                            0));
        }
        try {
            return new Vqgan(
                    channels,
                    Weight.count(weights, "encoder.down.0.block.%d.conv1.weight", 0),
                    IntStream.range(0, levels)
                            .filter(
                                    level ->
                                            weights.containsKey(
                                                    "encoder.down.%d.attn.0.q.weight"
                                                            .formatted(level)))
                            .boxed()
                            .toList(),
                    Weight.size(file, weights, "encoder.conv_out.weight", 0),
                    Weight.size(file, weights, "quantize.embedding.weight", 0),
                    Weight.size(file, weights, "quantize.embedding.weight", 1),
                    false,
                    false);
        } catch (IllegalArgumentException e) {
            throw Refusal.of(file, e.getMessage(), "give stage1_last.ckpt of minDALL-E");
        }
    }

    private static KakaoTransformer transformer(
            Path file, Map<String, Weight> weights, int pad, int codes)
            throws InvalidModelException {
        int positions = Weight.size(file, weights, "image_position.weight", 0);
        int width = Weight.size(file, weights, "image_position.weight", 1);
        int side = (int) Math.sqrt(positions);
        weights.computeIfPresent(
                "image_position.weight", (name, weight) -> weight.shaped(side, side, width));
        try {
            return new KakaoTransformer(
                    Weight.count(weights, "resblocks.%d.ln_1.weight", 0),
                    width,
                    Weight.size(file, weights, "text_token.weight", 0),
                    pad,
                    Weight.size(file, weights, "text_position.weight", 0),
                    codes,
                    side);
        } catch (IllegalArgumentException e) {
            throw Refusal.of(file, e.getMessage(), "give stage2_last.ckpt of minDALL-E");
        }
    }

    private static Map<String, Weight> renamed(Path file, Map<String, Weight> theirs)
            throws InvalidModelException {
        Map<String, Weight> ours = new LinkedHashMap<>();
        for (Map.Entry<String, Weight> entry : theirs.entrySet()) {
            String name = entry.getKey();
            Matcher block = BLOCK.matcher(name);
            if (!block.matches()) {
                // nothing draws text
                if (!name.equals("head_txt.weight")) {
                    ours.put(NAMES.getOrDefault(name, name), entry.getValue());
                }
                continue;
            }
            String resblock = "resblocks.%s.".formatted(block.group(1));
            String layer = block.group(2);
            String parameter = block.group(3);
            if (layer.equals("attn.query")) {
                List<Weight> parts = new ArrayList<>();
                for (String part : List.of("query", "key", "value")) {
                    parts.add(Weight.require(file, theirs, name.replace("query", part)));
                }
                ours.put(resblock + "attn.in_proj_" + parameter, Weight.stacked(file, name, parts));
            } else if (!layer.equals("attn.key") && !layer.equals("attn.value")) {
                ours.put(
                        resblock + BLOCK_NAMES.getOrDefault(layer, layer) + "." + parameter,
                        entry.getValue());
            }
        }
        return ours;
    }

    /** What the tensors do not tell: heads and activation. */
    private static void requireKnownSettings(Path config, int width) throws IOException {
        JsonNode settings =
                Vocabularies.tree(YAML, config, PUBLISHED).path("stage2").path("hparams");
        int heads = settings.path("n_heads").asInt(24);
        boolean approximate = settings.path("gelu_use_approx").asBoolean(false);
        if (width != 64 * heads || approximate) {
            throw Refusal.of(
                    config,
                    "stage2 has %d heads for a width of %d and gelu_use_approx: %s"
                            .formatted(heads, width, approximate),
                    "only heads of 64 and the exact gelu are known");
        }
    }

    /** It comes after all others where the vocabulary has none. */
    private static int pad(Map<String, Integer> vocabulary) {
        return vocabulary.getOrDefault("[PAD]", vocabulary.size());
    }

    private static CharacterBpeTokenizer tokenizer(
            Path vocabularyFile,
            Map<String, Integer> vocabulary,
            Path mergesFile,
            KakaoTransformer transformer)
            throws IOException {
        Integer unknown = vocabulary.get("[UNK]");
        if (unknown == null) {
            throw Refusal.of(vocabularyFile, "it has no [UNK]", "take minDALL-E's tokenizer");
        }
        Vocabularies.requireWithin(vocabularyFile, vocabulary, transformer.textVocabulary());
        try {
            return new CharacterBpeTokenizer(
                    vocabulary,
                    Files.readAllLines(mergesFile).stream()
                            .filter(line -> !line.startsWith("#version") && !line.isBlank())
                            .toList(),
                    unknown,
                    transformer.textLength());
        } catch (IllegalArgumentException e) {
            throw Refusal.of(mergesFile, e.getMessage(), "take both from one folder");
        }
    }
}
