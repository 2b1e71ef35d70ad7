package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.nocturne.models.Goldens;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.tokenizer.CaptionCleaning;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against CLIP of openai's own package and of Hugging Face's, with random weights. */
class ClipImportTest {
    private static final double TOLERANCE = 1e-4;
    private static final List<String> CAPTIONS =
            List.of(
                    "a red apple to the left of a dog",
                    "Two dogs and a cat",
                    "",
                    "IT'S the dog\u2019s caf\u00e9!!!");
    private static final int PICTURES = 5;

    @TempDir Path folder;
    private Map<String, Tensor> golden;
    private ModelBundle begun;

    @BeforeEach
    void setUp() throws IOException {
        golden = Safetensors.readAll(Goldens.copy("clip/golden.safetensors", folder));
        begun = ModelBundle.create(folder.resolve("model"), "tiny", 32);
    }

    private ModelBundle imported(Path weights, Path tokenizer, String activation)
            throws IOException {
        return ClipImport.into(begun, weights, tokenizer, activation, CaptionCleaning.FTFY);
    }

    private Path merges() throws IOException {
        return Goldens.copy("clip/bpe.txt.gz", folder);
    }

    /** The archive, the module and Hugging Face's settings say the activation. */
    @ParameterizedTest
    @CsvSource({
        "ViT-tiny.pt.gz,",
        "module.pt.gz,",
        "state.pt.gz, quick_gelu",
        "checkpoint.pt.gz, quick_gelu"
    })
    void embedsAsOpenAiDoes(String name, String activation) throws IOException {
        embedsAlike(imported(Goldens.copy("clip/" + name, folder), merges(), activation));
    }

    @Test
    void embedsAsHuggingFaceDoes() throws IOException {
        embedsAlike(imported(huggingFace(), null, null));
    }

    @Test
    void captionsAreCleanedAsTheClipLearnedThem() throws IOException {
        Path file = huggingFace();
        ModelBundle plain = ClipImport.into(begun, file, null, null, null);
        ModelBundle other = ModelBundle.create(folder.resolve("other"), "tiny", 32);
        ModelBundle repaired = ClipImport.into(other, file, null, null, CaptionCleaning.FTFY);

        assertThat(plain.directory().resolve("model.json"))
                .content()
                .contains("\"captions\" : \"transformers\"");
        assertThat(plain.id()).isNotEqualTo(repaired.id());
        try (Clip learnedPlain = ModelBundle.open(plain.directory()).clip();
                Clip learnedRepaired = ModelBundle.open(repaired.directory()).clip()) {
            float[] straight = learnedRepaired.embedText("it's");
            assertThat(learnedPlain.embedText("it's")).isEqualTo(straight);
            assertThat(learnedRepaired.embedText("it\u2019s")).isEqualTo(straight);
            assertThat(learnedPlain.embedText("it\u2019s")).isNotEqualTo(straight);
        }
    }

    /** Shards with their index in a folder, and the tokenizer that transformers 5 writes. */
    @Test
    void embedsAsCurrentTransformersDo() throws IOException {
        Path shards = Files.createDirectory(folder.resolve("repository"));
        Goldens.copy("clip/current/config.json", shards);
        Goldens.copy("clip/current/tokenizer.json", shards);
        shards(
                Safetensors.readAll(Goldens.copy("clip/hf/model.safetensors.gz", folder)),
                shards,
                "model");
        embedsAlike(imported(shards, null, null));
    }

    /** An index may name files of torch's. */
    @Test
    void shardsMayBeTorchs() throws IOException {
        Path shard = Goldens.copy("clip/state.pt.gz", folder);
        ObjectNode index = new ObjectMapper().createObjectNode();
        ObjectNode map = index.putObject("weight_map");
        Wrapped.tensors(shard, "visual.conv1.weight", "")
                .keySet()
                .forEach(name -> map.put(name, "state.pt"));
        Path file = folder.resolve("pytorch_model.bin.index.json");
        Files.writeString(file, index.toString());
        embedsAlike(imported(file, merges(), "quick_gelu"));
    }

    @Test
    void embedsAsOpenClipDoes() throws IOException {
        golden = Safetensors.readAll(openClip("golden.safetensors"));
        openClip("open_clip_config.json");
        ModelBundle bundle = imported(openClip("open_clip_model.safetensors.gz"), merges(), null);
        embedsAlike(bundle, architecture(true));
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ModelBundle.open(bundle.directory()).clipWeights())
                .withMessageContaining("has the activation gelu or other widths than openai's");
    }

    /** As ViT-H, g and bigG, by open_clip's settings and by those of transformers. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void embedsWithHeadsOfAnotherWidth(boolean huggingFace) throws IOException {
        Path goldens = Files.createDirectory(folder.resolve("heads"));
        golden = Safetensors.readAll(Goldens.copy("clip/heads/golden.safetensors", goldens));
        Path file;
        if (huggingFace) {
            huggingFace();
            Files.delete(folder.resolve("config.json"));
            Files.delete(folder.resolve("model.safetensors"));
            Goldens.copy("clip/heads/hf/config.json", folder);
            file = Goldens.copy("clip/heads/hf/model.safetensors.gz", folder);
        } else {
            Goldens.copy("clip/heads/open_clip_config.json", folder);
            file = Goldens.copy("clip/heads/open_clip_model.safetensors.gz", folder);
        }
        ModelBundle bundle = imported(file, huggingFace ? null : merges(), null);
        embedsAlike(
                bundle,
                new ClipArchitecture(
                        32, 8, 1, 96, 1, 64, 77, 574, 64, CaptionCleaning.FTFY, true, 0, 2, 418));
        assertThat(bundle.directory().resolve("model.json"))
                .content()
                .contains("\"vision_heads\" : 2")
                .contains("\"vision_mlp\" : 418");
    }

    /** Whatever wraps a state dictionary, its tensors are the same. */
    @ParameterizedTest
    @ValueSource(strings = {"", "module.", "model.module.", "state_dict.", "_orig_mod.clip."})
    void takesOffWhatWrapsTheWeights(String prefix) throws IOException {
        Map<String, Tensor> wrapped = new LinkedHashMap<>();
        Safetensors.readAll(openClip("open_clip_model.safetensors.gz"))
                .forEach((name, tensor) -> wrapped.put(prefix + name, tensor));
        wrapped.put("n_averaged", new Tensor(new long[0], new float[] {3}));
        if (prefix.isEmpty()) {
            wrapped.remove("n_averaged");
        }
        Path file = folder.resolve("wrapped.safetensors");
        Safetensors.write(file, wrapped, Safetensors.StorageType.F32, Map.of());
        assertThat(imported(file, merges(), "gelu").clipArchitecture())
                .isEqualTo(architecture(true));
        wrapped.put("other.visual.conv1.weight", wrapped.get(prefix + "visual.conv1.weight"));
        Safetensors.write(file, wrapped, Safetensors.StorageType.F32, Map.of());
        refuses(file, "gelu", "it has several models: ");
    }

    @ParameterizedTest
    @CsvSource({
        "16, 224, 768, 512, 197, 0, 0, 64",
        "14, 224, 1024, 768, 257, 0, 0, 64",
        "14, 336, 1024, 768, 577, 0, 0, 64",
        "14, 224, 1280, 1024, 257, 16, 0, 80",
        "14, 224, 1408, 1024, 257, 16, 6144, 88",
        "14, 224, 1664, 1280, 257, 16, 8192, 104"
    })
    void sizesAreThoseOfTheTensors(
            int patch,
            int side,
            int width,
            int embedding,
            int positions,
            int heads,
            int mlp,
            int headWidth)
            throws IOException {
        Map<String, Weight> weights = new HashMap<>();
        Map<String, long[]> shapes =
                new ClipArchitecture(
                                side, patch, 2, width, 2, embedding, 77, 49408, embedding, null,
                                true, 0, heads, mlp)
                        .shapes();
        shapes.forEach((name, shape) -> weights.put(name, new Weight(shape, () -> new float[0])));
        ClipArchitecture found =
                ClipImport.architecture(folder, weights, new ClipSettings(true, heads));
        assertThat(found.headWidth()).isEqualTo(headWidth);
        assertThat(found.imageSize()).isEqualTo(side);
        assertThat(found.shapes().get("visual.positional_embedding"))
                .containsExactly(positions, width);
    }

    private Path openClip(String name) throws IOException {
        Path file = folder.resolve(name.replace(".gz", ""));
        Files.deleteIfExists(file);
        return Goldens.copy("clip/open_clip/" + name, folder);
    }

    /** Two shards with an index, as transformers name them. */
    private static void shards(Map<String, Tensor> tensors, Path place, String name)
            throws IOException {
        ObjectNode index = new ObjectMapper().createObjectNode();
        ObjectNode map = index.putObject("weight_map");
        List<String> names = List.copyOf(tensors.keySet());
        for (int shard = 0; shard < 2; shard++) {
            String file = "%s-%05d-of-00002.safetensors".formatted(name, shard + 1);
            Map<String, Tensor> part = new LinkedHashMap<>();
            for (int i = shard; i < names.size(); i += 2) {
                part.put(names.get(i), tensors.get(names.get(i)));
                map.put(names.get(i), file);
            }
            Safetensors.write(place.resolve(file), part, Safetensors.StorageType.F32, Map.of());
        }
        Files.writeString(place.resolve(name + ".safetensors.index.json"), index.toString());
    }

    private static ClipArchitecture architecture(boolean exactGelu) {
        return new ClipArchitecture(
                32, 8, 1, 128, 2, 64, 77, 574, 64, CaptionCleaning.FTFY, exactGelu, 0, 0, 0);
    }

    private void embedsAlike(ModelBundle bundle) throws IOException {
        embedsAlike(bundle, architecture(false));
    }

    private void embedsAlike(ModelBundle bundle, ClipArchitecture expected) throws IOException {
        assertThat(bundle.clipArchitecture()).isEqualTo(expected);
        List<BufferedImage> pictures = new ArrayList<>();
        for (int i = 0; i < PICTURES; i++) {
            Path file = Goldens.copy("clip/picture-%d.png".formatted(i), folder);
            pictures.add(ImageIO.read(file.toFile()));
        }
        try (Clip clip = ModelBundle.open(bundle.directory()).clip()) {
            float[][] images = clip.embedImages(pictures);
            float[][] expectedImages = rows("image_embeddings", PICTURES);
            float[][] expectedTexts = rows("text_embeddings", CAPTIONS.size());
            for (int i = 0; i < PICTURES; i++) {
                assertThat(Goldens.relativeError(images[i], expectedImages[i]))
                        .isLessThan(TOLERANCE);
            }
            for (int t = 0; t < CAPTIONS.size(); t++) {
                float[] text = clip.embedText(CAPTIONS.get(t));
                assertThat(Goldens.relativeError(text, expectedTexts[t])).isLessThan(TOLERANCE);
                assertThat(order(images, text)).isEqualTo(order(expectedImages, expectedTexts[t]));
            }
        }
    }

    /** The pictures from the best of a caption to the worst. */
    private static List<Integer> order(float[][] images, float[] text) {
        return IntStream.range(0, images.length)
                .boxed()
                .sorted(Comparator.comparing(i -> -Clip.cosine(images[i], text)))
                .toList();
    }

    private float[][] rows(String name, int count) {
        float[] flat = golden.get(name).data();
        int length = flat.length / count;
        return IntStream.range(0, count)
                .mapToObj(i -> Arrays.copyOfRange(flat, i * length, (i + 1) * length))
                .toArray(float[][]::new);
    }

    private Path huggingFace() throws IOException {
        Goldens.copy("clip/hf/config.json", folder);
        Goldens.copy("clip/hf/merges.txt", folder);
        Goldens.copy("clip/hf/vocab.json", folder);
        return Goldens.copy("clip/hf/model.safetensors.gz", folder);
    }

    @Test
    void theActivationIsReadOrAskedFor() throws IOException {
        Path state = Goldens.copy("clip/state.pt.gz", folder);
        refuses(
                state,
                null,
                "nothing in it or beside it says its activation; give --activation quick_gelu");
        refuses(state, "relu", "its activation is relu; take a CLIP with quick_gelu or gelu");
        Path module = Goldens.copy("clip/module.pt.gz", folder);
        refuses(module, "gelu", "it says that its activation is quick_gelu, not gelu; leave");
        Path file = huggingFace();
        Path config = folder.resolve("config.json");
        String settings = Files.readString(config);
        Files.writeString(config, settings.replace("quick_gelu", "gelu_new"));
        refuses(file, null, "its activation is gelu_new; take");
        Files.writeString(config, settings.replaceFirst("quick_gelu", "gelu"));
        refuses(config, file, null, "its towers have the activations ");
        Files.delete(config);
        refuses(config, file, null, "it is missing; put it beside the weights, from the same");
        embedsAlike(imported(file, null, "quick_gelu"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"heads\": 1 | \"heads\": 2 | its text_cfg has 2 heads for a width of 64; take",
                "\"layers\": 1 | \"layers\": 1, \"no_ln_pre\": true | its vision_cfg has no_ln_pre: true;",
                "\"layers\": 2 | \"layers\": 2, \"pool_type\": \"last\" | its text_cfg has pool_type: \"last\";",
                "\"shortest\" | \"squash\" | it prepares pictures with a mean of 0.48145466, squash",
            })
    void refusesSettingsOfOpenClipThatAreNotOpenAis(String from, String to, String message)
            throws IOException {
        Path config = openClip("open_clip_config.json");
        Path file = openClip("open_clip_model.safetensors.gz");
        String settings = Files.readString(config);
        assertThat(settings).contains(from);
        Files.writeString(config, settings.replace(from, to));
        refuses(config, file, null, message);
    }

    @Test
    void refusesTowersWhoseHeadsAreNotKnown() throws IOException {
        Path file = folder.resolve("huge.safetensors");
        Tensor kernel = new Tensor(new long[] {1280, 3, 1, 1}, new float[1280 * 3]);
        Safetensors.write(
                file, Map.of("visual.conv1.weight", kernel), Safetensors.StorageType.F32, Map.of());
        refuses(
                file,
                "gelu",
                "its image tower is 1280 wide, as those whose heads are not 64 wide; put its open_clip_config.json beside it");
    }

    @Test
    void refusesTokenizersThatDoNotBelongToIt() throws IOException {
        Path file = huggingFace();
        Path vocabulary = folder.resolve("vocab.json");
        String numbers = Files.readString(vocabulary);
        Files.writeString(vocabulary, numbers.replace(": 512", ": 9"));
        refuses(vocabulary, file, null, "is not number 512, as its merges have it; take all");
        Files.delete(folder.resolve("merges.txt"));
        refuses(file, null, "no tokenizer lies beside it; give bpe_simple_vocab_16e6.txt.gz");
        Path tokenizer = Goldens.copy("clip/current/tokenizer.json", folder);
        String json = Files.readString(tokenizer);
        Files.writeString(tokenizer, json.replace("end_of_word_suffix", "suffix"));
        refuses(tokenizer, file, null, "it is no tokenizer of a CLIP; give");
        // as tokenizers wrote merges until 0.19
        JsonNode tree = new ObjectMapper().readTree(json);
        ArrayNode merges = (ArrayNode) tree.path("model").path("merges");
        for (int i = 0; i < merges.size(); i++) {
            JsonNode pair = merges.get(i);
            merges.set(i, TextNode.valueOf(pair.get(0).asText() + " " + pair.get(1).asText()));
        }
        Files.writeString(tokenizer, tree.toString());
        embedsAlike(imported(file, null, null));
    }

    @Test
    void refusesShardsThatAreMissingOrElsewhere() throws IOException {
        Path shards = Files.createDirectory(folder.resolve("shards"));
        refuses(shards, null, "it has none of model.safetensors, ");
        shards(Safetensors.readAll(openClip("open_clip_model.safetensors.gz")), shards, "model");
        Path second = shards.resolve("model-00002-of-00002.safetensors");
        Path index = shards.resolve("model.safetensors.index.json");
        String map = Files.readString(index);
        Files.writeString(index, map.replace("00002-of", "00001-of"));
        refuses(shards.resolve("model-00001-of-00002.safetensors"), index, "gelu", "it lacks the");
        Files.writeString(index, map.replace("model-", "../model-"));
        refuses(index, "gelu", "its shard '../model-00001-of-00002.safetensors' is no name");
        Files.writeString(index, map);
        Files.delete(second);
        refuses(second, index, "gelu", "it is missing; put all shards beside the index");
        Files.writeString(index, "{}");
        refuses(index, "gelu", "it is neither a file of weights nor an index of shards");
    }

    private void refuses(Path weights, String activation, String message) {
        refuses(weights, weights, activation, message);
    }

    private void refuses(Path named, Path weights, String activation, String message) {
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.into(begun, weights, null, activation, null))
                .withMessageStartingWith(named + ": ")
                .withMessageContaining(message)
                .withMessageNotContaining("\n");
    }

    @Test
    void refusesTheWrongMerges() throws IOException {
        Path weights = Goldens.copy("clip/state.pt.gz", folder);
        Path merges = folder.resolve("merges.txt");
        Files.writeString(merges, "#version\na b\n");
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.into(begun, weights, merges, "quick_gelu", null))
                .withMessageContaining("it has 1 merges, and this model reads 60;");
        Files.writeString(merges, "#version\n" + "ab c\n".repeat(60));
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.into(begun, weights, merges, "quick_gelu", null))
                .withMessageContaining("merge 0, 'ab c', is not of two earlier tokens");
        Files.write(merges, new byte[] {0x1f, (byte) 0x8b, 8, 0, 1});
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.into(begun, weights, merges, "quick_gelu", null))
                .withMessageContaining("cannot be unpacked; copy it again");
        assertThat(begun.directory()).doesNotExist();
    }
}
