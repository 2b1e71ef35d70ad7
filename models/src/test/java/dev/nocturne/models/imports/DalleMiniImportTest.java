package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.models.Goldens;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.dvae.Vqgan;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.ElementType;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import dev.nocturne.models.transformer.DalleMiniTransformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against min-dalle's own program, with random weights. */
class DalleMiniImportTest {
    private static final double TOLERANCE = 1e-4;

    /** Of the goldens' VQGAN. */
    private static final int CODES = 32;

    /** What min-dalle 0.4.11 begins with, in the goldens' sizes. */
    private static final int START_OF_MIN_DALLE = CODES - 1;

    private static final int IMAGE_LENGTH = 256;

    /** They write its names. */
    private static final Pattern EMOJI = Pattern.compile("[\\x{1f000}-\\x{1ffff}\\x{2764}\\x{a9}]");

    private static final OptionalInt AS_TRAINED = OptionalInt.empty();

    @TempDir Path folder;
    private ModelBundle begun;

    @BeforeEach
    void setUp() {
        begun = ModelBundle.create(folder.resolve("model"), "tiny", 64);
    }

    /** The files of min-dalle, as it lays them, or of dalle-mini. */
    private Path published(String variant, String publisher) throws IOException {
        Path vqgan = Files.createDirectories(folder.resolve("published/vqgan"));
        Goldens.copy("dalle_mini/vqgan/detoker.pt.gz", vqgan);
        Path published = Files.createDirectories(folder.resolve("published/" + variant));
        for (String file :
                publisher.equals("min-dalle")
                        ? List.of("encoder.pt.gz", "decoder.pt.gz", "vocab.json", "merges.txt")
                        : List.of("flax_model.msgpack.gz", "config.json", "tokenizer.json")) {
            Goldens.copy("dalle_mini/%s/%s".formatted(variant, file), published);
        }
        return published;
    }

    private ImportedDalle imported(String variant, String publisher, OptionalInt startToken)
            throws IOException {
        DalleMiniImport.folder(begun, published(variant, publisher), null, startToken);
        // as model.json tells it
        return new ImportedDalle(ModelBundle.open(begun.directory()));
    }

    private Map<String, Tensor> golden(String variant) throws IOException {
        return Safetensors.readAll(
                Goldens.copy("dalle_mini/%s/golden.safetensors".formatted(variant), folder));
    }

    /** Without the tokens that begin and end it. */
    private static int[] caption(Map<String, Tensor> golden) {
        int[] text = ImportedDalle.integers(golden.get("text"));
        return Arrays.copyOfRange(text, 1, text.length - 1);
    }

    @Test
    void sizesAreThoseOfTheTensors() throws IOException {
        ModelBundle bundle = imported("mega", "min-dalle", AS_TRAINED).bundle();
        assertThat(bundle.transformerArchitecture())
                .isInstanceOfSatisfying(
                        DalleMiniTransformer.class,
                        mega -> {
                            assertThat(mega.encoderLayers()).isEqualTo(3);
                            assertThat(mega.layers()).isEqualTo(3);
                            assertThat(mega.width()).isEqualTo(128);
                            assertThat(mega.middle()).isEqualTo(256);
                            assertThat(mega.textStart()).isEqualTo(0);
                            assertThat(mega.textEnd()).isEqualTo(2);
                            assertThat(mega.textLength()).isEqualTo(62);
                            assertThat(mega.imageVocabulary()).isEqualTo(CODES);
                            assertThat(mega.gridSize()).isEqualTo(16);
                        });
        assertThat(bundle.dvaeArchitecture())
                .isEqualTo(
                        new Vqgan(
                                List.of(32, 32, 32, 32, 64),
                                2,
                                List.of(4),
                                16,
                                CODES,
                                16,
                                true,
                                true));
        assertThat(bundle.imageSize()).isEqualTo(256);
        assertThat(bundle.sampling(null, 0, 1, null).guidance()).isEqualTo(16);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mini", "mega"})
    void theEncoderReadsCaptionsAsTheirs(String variant) throws IOException {
        ModelBundle bundle = imported(variant, "min-dalle", AS_TRAINED).bundle();
        Map<String, Tensor> golden = golden(variant);
        int[] text = ImportedDalle.integers(golden.get("text"));
        assertThat(Goldens.relativeError(states(bundle, text), golden.get("states").data()))
                .isLessThan(TOLERANCE);
        long[] nothing = bundle.transformerArchitecture().padded(new int[0]);
        assertThat(
                        Goldens.relativeError(
                                states(
                                        bundle,
                                        Arrays.stream(nothing).mapToInt(i -> (int) i).toArray()),
                                golden.get("uncaptioned").data()))
                .isLessThan(TOLERANCE);
    }

    private static float[] states(ModelBundle bundle, int[] text) throws IOException {
        long[] ids = Arrays.stream(text).asLongStream().toArray();
        try (TorchProgram program = bundle.transformerArchitecture().program();
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue weights =
                        program.prepare(
                                Safetensors.readAll(
                                        bundle.directory().resolve("transformer.safetensors")),
                                Precision.FLOAT32);
                IValue row = IValue.from((PtNDArray) scope.create(ids, new Shape(1, ids.length)));
                IValue states = program.call("encode_text", weights, row)) {
            return states.toTensor(scope).toFloatArray();
        }
    }

    @ParameterizedTest
    @CsvSource({"mini,min-dalle", "mega,min-dalle", "mini,dalle-mini", "mega,dalle-mini"})
    void logitsAreThoseOfTheWholeSequence(String variant, String publisher) throws IOException {
        ImportedDalle dalle = imported(variant, publisher, AS_TRAINED);
        Map<String, Tensor> golden = golden(variant);
        int[] image = ImportedDalle.integers(golden.get("image"));
        int[] twice = IntStream.concat(IntStream.of(image), IntStream.of(image)).toArray();
        float[] both = dalle.logits(new int[][] {caption(golden), {}}, twice);
        int half = both.length / 2;
        Goldens.assertLogits(Arrays.copyOf(both, half), golden.get("logits"), TOLERANCE);
        Goldens.assertLogits(
                Arrays.copyOfRange(both, half, both.length),
                golden.get("uncaptioned_logits"),
                TOLERANCE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mini", "mega"})
    void theLikeliestTokensUnderTheirGuidanceAreTheirs(String variant) throws IOException {
        ImportedDalle dalle = imported(variant, "min-dalle", OptionalInt.of(START_OF_MIN_DALLE));
        Map<String, Tensor> golden = golden(variant);
        assertThat(
                        dalle.draw(
                                new int[][] {caption(golden)},
                                dalle.bundle().sampling(null, 1, 1, null)))
                .isEqualTo(ImportedDalle.integers(golden.get("likeliest")));
    }

    /** The share of the random numbers of [0, 1) that draw each token is its probability. */
    @ParameterizedTest
    @ValueSource(strings = {"mini", "mega"})
    void aTokenIsDrawnAsOftenAsByTheirs(String variant) throws IOException {
        ImportedDalle dalle = imported(variant, "min-dalle", OptionalInt.of(START_OF_MIN_DALLE));
        Map<String, Tensor> golden = golden(variant);
        int[] image = new int[2 * IMAGE_LENGTH];
        float[] logits = dalle.logits(new int[][] {caption(golden), {}}, image);
        float[] first = new float[2 * CODES];
        System.arraycopy(logits, 0, first, 0, CODES);
        System.arraycopy(logits, logits.length / 2, first, CODES, CODES);
        int draws = 2000;
        int[] drawn = drawn(dalle.bundle(), first, draws);
        float[] expected = golden.get("first").data();
        for (int token = 0; token < CODES; token++) {
            int code = token;
            double share = Arrays.stream(drawn).filter(one -> one == code).count() / (double) draws;
            assertThat(share).as("token %d", token).isCloseTo(expected[token], within(2e-3));
        }
        assertThat(Arrays.stream(drawn).distinct()).hasSize(5);
    }

    /** With the goldens' temperature of 7.5, top_k of 5 and guidance of 4. */
    private static int[] drawn(ModelBundle bundle, float[] logits, int draws) throws IOException {
        float[] uniforms = new float[draws];
        for (int i = 0; i < draws; i++) {
            uniforms[i] = (i + 0.5f) / draws;
        }
        try (TorchProgram program = bundle.transformerArchitecture().program();
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue every = IValue.from((PtNDArray) scope.create(logits, new Shape(2, CODES)));
                IValue one = IValue.from(1L);
                IValue guidance = IValue.from((PtNDArray) scope.create(4f));
                IValue guided = program.call("guide", every, one, guidance);
                IValue pushed = guided.toIValueTuple()[1];
                IValue uniform =
                        IValue.from((PtNDArray) scope.create(uniforms, new Shape(draws, 1)));
                IValue temperature = IValue.from((PtNDArray) scope.create(7.5f));
                IValue topK = IValue.from((PtNDArray) scope.create(5f));
                IValue topP = IValue.from((PtNDArray) scope.create(2f));
                IValue cut = IValue.from(true);
                IValue tokens =
                        program.call("sample", pushed, uniform, temperature, topK, topP, cut)) {
            return Arrays.stream(tokens.toTensor(scope).toLongArray())
                    .mapToInt(token -> (int) token)
                    .toArray();
        }
    }

    /** Of both publishers; the goldens have every fourth row and column. */
    @ParameterizedTest
    @ValueSource(strings = {"detoker.pt.gz", "flax_model.msgpack.gz"})
    void picturesAreTheirs(String file) throws IOException {
        ModelBundle bundle = withVqgan(file);
        Map<String, Tensor> golden = vqganGolden();
        float[] pixels =
                new ImportedDalle(bundle).decoded(ImportedDalle.integers(golden.get("image")));
        float[] expected = golden.get("pixels").data();
        for (int i = 0; i < expected.length; i++) {
            // rows of all planes, one after the other
            int at = i / 64 * 4 * 256 + i % 64 * 4;
            assertThat(Math.round(pixels[at] * 255)).isCloseTo((int) expected[i], within(1));
        }
    }

    /** Against taming-transformers. */
    @Test
    void dalleMinisVqganReadsPicturesAsTheirs() throws IOException {
        ModelBundle bundle = withVqgan("flax_model.msgpack.gz");
        assertThat(bundle.dvaeArchitecture().readsPictures()).isTrue();
        Map<String, Tensor> golden = vqganGolden();
        float[] colours = golden.get("picture").data();
        float[] picture = new float[3 * 256 * 256];
        for (int i = 0; i < picture.length; i++) {
            int plane = i / (256 * 256);
            int row = i / 256 % 256 / 16;
            picture[i] = colours[(plane * 16 + row) * 16 + i % 256 / 16];
        }
        Tensor pixels = new Tensor(new long[] {1, 3, 256, 256}, picture);
        assertThat(new ImportedDalle(bundle).encoded(pixels))
                .isEqualTo(ImportedDalle.integers(golden.get("tokens")));
    }

    private ModelBundle withVqgan(String file) throws IOException {
        Path published = published("mini", "min-dalle");
        Path place = Files.createDirectory(folder.resolve("of-vqgan"));
        Path vqgan = Goldens.copy("dalle_mini/vqgan/" + file, place);
        return DalleMiniImport.folder(
                begun, published, file.startsWith("flax") ? place : vqgan, AS_TRAINED);
    }

    private Map<String, Tensor> vqganGolden() throws IOException {
        return Safetensors.readAll(Goldens.copy("dalle_mini/vqgan/golden.safetensors", folder));
    }

    @Test
    void aVqganWithoutItsEncoderReadsNoPictures() throws IOException {
        ModelBundle bundle = imported("mini", "min-dalle", AS_TRAINED).bundle();
        try (DiscreteVae vqgan = bundle.dvae()) {
            assertThat(vqgan.readsPictures()).isFalse();
            assertThatThrownBy(() -> vqgan.encode(new byte[3 * 256 * 256], 1))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("no encoder");
            // previews are filled with it
            assertThat(vqgan.neutralToken())
                    .isBetween(0, CODES - 1)
                    .isEqualTo(vqgan.neutralToken());
        }
    }

    @Test
    void weightsStayAsExactAsTheyCame() throws IOException {
        assertThat(types(imported("mega", "min-dalle", AS_TRAINED).bundle(), "transformer"))
                .containsOnly(ElementType.F16);
        assertThat(types(begun("mega", "dalle-mini"), "transformer")).containsOnly(ElementType.F16);
        assertThat(types(begun("mini", "min-dalle"), "transformer")).containsOnly(ElementType.F32);
        assertThat(types(begun("mini", "dalle-mini"), "dvae")).containsOnly(ElementType.F32);
    }

    private ModelBundle begun(String variant, String publisher) throws IOException {
        folder = Files.createDirectory(folder.resolve(variant + "-" + publisher));
        setUp();
        return imported(variant, publisher, AS_TRAINED).bundle();
    }

    private static List<ElementType> types(ModelBundle bundle, String part) throws IOException {
        try (Safetensors weights =
                Safetensors.open(bundle.directory().resolve(part + ".safetensors"))) {
            return weights.entries().values().stream().map(Safetensors.Entry::type).toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"min-dalle", "dalle-mini"})
    void tokensOfCaptionsAreTheirs(String publisher) throws IOException {
        var tokenizer = imported("mini", publisher, AS_TRAINED).bundle().tokenizer();
        JsonNode expected =
                new ObjectMapper()
                        .readTree(
                                Files.readAllBytes(
                                        Goldens.copy("dalle_mini/mini/tokens.json", folder)));
        int same = 0;
        for (JsonNode one : expected) {
            String caption = one.get("caption").asText();
            int[] tokens =
                    StreamSupport.stream(one.get("tokens").spliterator(), false)
                            .mapToInt(JsonNode::asInt)
                            .toArray();
            int[] inner = Arrays.copyOfRange(tokens, 1, tokens.length - 1);
            if (inner.length > tokenizer.contextLength()) {
                assertThatExceptionOfType(CaptionTooLongException.class)
                        .as("%s, which they cut", caption)
                        .isThrownBy(() -> tokenizer.encode(caption));
            } else if (EMOJI.matcher(caption).find()) {
                assertThat(tokenizer.encode(caption)).as(caption).isNotEqualTo(inner);
            } else {
                assertThat(tokenizer.encode(caption)).as(caption).isEqualTo(inner);
                same++;
            }
        }
        assertThat(same).isGreaterThan(15);
        assertThat(tokenizer.encode("a \ud83d\udc36 dog")).isEqualTo(tokenizer.encode("a dog"));
        assertThat(tokenizer.contextLength()).isEqualTo(62);
        assertThatExceptionOfType(CaptionTooLongException.class)
                .isThrownBy(() -> tokenizer.encode("x ".repeat(63)));
    }

    @Test
    void refusesWhatTheFolderLacks() throws IOException {
        Path published = published("mini", "min-dalle");
        Path detoker = folder.resolve("published/vqgan/detoker.pt");
        Path moved = Files.move(detoker, folder.resolve("elsewhere.pt"));
        refuses(published, null, published, "it has no detoker.pt, and the folder vqgan beside it");
        Files.move(moved, detoker);
        Path decoder = published.resolve("decoder.pt");
        Files.delete(decoder);
        refuses(published, null, decoder, "it is missing; give the folder of the model");
        Files.delete(published.resolve("encoder.pt"));
        refuses(published, null, published, "it has neither encoder.pt nor flax_model.msgpack");
    }

    @Test
    void refusesAFoldersFilesThatDoNotBelongTogether() throws IOException {
        Path published = published("mini", "min-dalle");
        Path encoder = published.resolve("encoder.pt");
        Path kept = Files.move(encoder, folder.resolve("kept.pt"));
        Files.copy(published.resolve("decoder.pt"), encoder);
        refuses(published, null, published, "it has the unknown tensor encoder.l");
        Files.delete(encoder);
        Files.move(kept, encoder);
        Path vocabulary = published.resolve("vocab.json");
        String tokens = Files.readString(vocabulary);
        Files.writeString(vocabulary, tokens.replace("\"<unk>\"", "\"[UNK]\""));
        refuses(published, null, vocabulary, "it has no <unk>");
        Files.writeString(vocabulary, tokens.replace("\"<unk>\": 3", "\"<unk>\": 9999"));
        refuses(published, null, vocabulary, "'<unk>' is number 9999, and the transformer has");
    }

    @Test
    void refusesSettingsOfADalleMiniThatAreNotKnown() throws IOException {
        Path published = published("mini", "dalle-mini");
        Path config = published.resolve("config.json");
        String settings = Files.readString(config);
        Files.writeString(config, settings.replace("normformer", "swinv2"));
        refuses(published, null, config, "ln_positions is swinv2; only normformer is known");
        Files.writeString(config, settings.replace("heads\": 1", "heads\": 2"));
        refuses(published, null, config, "encoder_attention_heads is 2; only 1 is known");
        Files.delete(config);
        refuses(published, null, config, "it is missing");
    }

    @Test
    void refusesADamagedFlaxFile() throws IOException {
        Path published = published("mini", "dalle-mini");
        Path weights = published.resolve("flax_model.msgpack");
        byte[] whole = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(whole, whole.length / 2));
        refuses(published, null, weights, "it ends ");
        Files.write(weights, Arrays.copyOf(whole, whole.length + 1));
        refuses(published, null, weights, "it goes on after its arrays");
        Files.writeString(weights, "{\"a\": 1}");
        refuses(published, null, weights, "at byte 0 it has 0x7b in place of a map");
    }

    private void refuses(Path published, Path vqgan, Path file, String message) {
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> DalleMiniImport.folder(begun, published, vqgan, AS_TRAINED))
                .withMessageStartingWith(file + ": ")
                .withMessageContaining(message)
                .withMessageNotContaining("\n");
        assertThat(begun.directory()).doesNotExist();
    }
}
