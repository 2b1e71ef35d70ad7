package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.Candidate;
import dev.nocturne.models.DiscreteVae;
import dev.nocturne.models.DrawnCandidate;
import dev.nocturne.models.GridGenerator;
import dev.nocturne.models.InvalidModelException;
import dev.nocturne.models.ModelBundle;
import dev.nocturne.models.Precision;
import dev.nocturne.models.Safetensors;
import dev.nocturne.models.Safetensors.Tensor;
import dev.nocturne.models.Sampling;
import dev.nocturne.models.TokenGrid;
import dev.nocturne.models.TorchProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against DALLE-pytorch's own package, with random weights. */
class DallePytorchImportTest {
    private static final double TOLERANCE = 1e-4;
    private static final int[] NOTHING = {};

    @TempDir Path folder;
    private Path merges;
    private ModelBundle begun;

    @BeforeEach
    void setUp() throws IOException {
        merges = Goldens.copy("clip/bpe.txt.gz", folder);
        begun = ModelBundle.create(folder.resolve("model"), "tiny", 256);
    }

    private ModelBundle imported(String name) throws IOException {
        Path file = Goldens.copy("dalle_pytorch/" + name + ".pt.gz", folder);
        DallePytorchImport.checkpoint(begun, file, merges);
        // as model.json tells it
        return ModelBundle.open(begun.directory());
    }

    private Map<String, Tensor> golden(String name) throws IOException {
        return Safetensors.readAll(Goldens.copy("dalle_pytorch/" + name + ".safetensors", folder));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sparse", "reversible", "positions"})
    void logitsAreThoseOfTheWholeSequence(String name) throws IOException {
        ModelBundle bundle = imported(name);
        Map<String, Tensor> golden = golden(name);
        float[] image = golden.get("image").data();
        long[] tokens = new long[image.length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (long) image[i];
        }
        int[][] captions = captions(golden.get("text"));
        assertThat(logits(bundle, captions, tokens))
                .satisfies(
                        logits ->
                                assertThat(
                                                Goldens.relativeError(
                                                        logits, golden.get("logits").data()))
                                        .isLessThan(TOLERANCE));
        long[] first = Arrays.copyOf(tokens, tokens.length / captions.length);
        assertThat(
                        Goldens.relativeError(
                                logits(bundle, new int[][] {NOTHING}, first),
                                golden.get("logits_without").data()))
                .isLessThan(TOLERANCE);
    }

    private static float[] logits(ModelBundle bundle, int[][] captions, long[] tokens)
            throws IOException {
        Map<String, Tensor> weights =
                Safetensors.readAll(bundle.directory().resolve("transformer.safetensors"));
        try (GridGenerator generator =
                new GridGenerator(
                        weights,
                        bundle.transformerArchitecture(),
                        captions.length,
                        Precision.FLOAT32)) {
            return generator.logits(
                    Arrays.stream(captions)
                            .map(text -> new Candidate(text, 0, Sampling.PLAIN, NOTHING))
                            .toList(),
                    tokens);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sparse", "reversible", "positions"})
    void theLikeliestTokensAreTheirs(String name) throws IOException {
        ModelBundle bundle = imported(name);
        Map<String, Tensor> golden = golden(name);
        Map<String, Tensor> weights =
                Safetensors.readAll(bundle.directory().resolve("transformer.safetensors"));
        Sampling likeliest = bundle.sampling(null, 1, 1, null);
        int[][] captions = captions(golden.get("text"));
        try (GridGenerator generator =
                new GridGenerator(
                        weights, bundle.transformerArchitecture(), 8, Precision.FLOAT32)) {
            List<DrawnCandidate> drawn =
                    generator.draw(
                            Arrays.stream(captions)
                                    .map(text -> new Candidate(text, 3, likeliest, NOTHING))
                                    .toList(),
                            () -> true);
            assertThat(
                            drawn.stream()
                                    .flatMapToInt(one -> IntStream.of(one.grid().tokens()))
                                    .toArray())
                    .isEqualTo(integers(golden.get("likeliest")));
        }
    }

    @Test
    void guidancePushesAwayFromTheirLogitsWithoutACaption() throws IOException {
        ModelBundle bundle = imported("sparse");
        Map<String, Tensor> golden = golden("sparse");
        int codes = bundle.transformerArchitecture().imageVocabulary();
        float[] everyRow = golden.get("logits").data();
        int row = 2;
        int perRow = everyRow.length / 4;
        float[] with = Arrays.copyOfRange(everyRow, row * perRow, (row + 1) * perRow);
        // before the first token there is no difference between pictures
        float[] without = golden.get("logits_without").data();
        int expected =
                IntStream.range(0, codes)
                        .boxed()
                        .max(Comparator.comparing(i -> without[i] + 5 * (with[i] - without[i])))
                        .orElseThrow();
        assertThat(expected).isNotEqualTo(integers(golden.get("likeliest"))[row * perRow / codes]);
        Sampling guided = bundle.sampling(null, 1, 1, 5.0);
        int[] caption = captions(golden.get("text"))[row];
        Map<String, Tensor> weights =
                Safetensors.readAll(bundle.directory().resolve("transformer.safetensors"));
        try (GridGenerator generator =
                new GridGenerator(
                        weights, bundle.transformerArchitecture(), 2, Precision.FLOAT32)) {
            assertThat(
                            generator
                                    .draw(
                                            List.of(new Candidate(caption, 1, guided, NOTHING)),
                                            () -> true)
                                    .get(0)
                                    .grid()
                                    .tokens()[0])
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sparse", "reversible", "positions"})
    void picturesAndTheirTokensAreTheirs(String name) throws IOException {
        ModelBundle bundle = imported(name);
        Map<String, Tensor> golden = golden(name);
        Tensor decoded = golden.get("decoded");
        int side = bundle.imageSize();
        assertThat(decoded.shape()).containsExactly(1, 3, side, side);
        int gridSize = bundle.transformerArchitecture().gridSize();
        Map<String, Tensor> weights =
                Safetensors.readAll(bundle.directory().resolve("dvae.safetensors"));
        long[] tokens =
                Arrays.stream(integers(golden.get("image")))
                        .limit((long) gridSize * gridSize)
                        .asLongStream()
                        .toArray();
        try (TorchProgram program = bundle.dvaeArchitecture().program();
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue prepared = program.prepare(weights, Precision.FLOAT32);
                IValue grid =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(tokens, new Shape(1, gridSize, gridSize)));
                IValue pixels = program.call("decode", prepared, grid)) {
            assertThat(Goldens.relativeError(pixels.toTensor(scope).toFloatArray(), decoded.data()))
                    .isLessThan(TOLERANCE);
        }
        float[] pixels = golden.get("pixels").data();
        byte[] bytes = new byte[pixels.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (int) pixels[i];
        }
        try (DiscreteVae vae =
                new DiscreteVae(weights, bundle.dvaeArchitecture(), side, Precision.FLOAT32)) {
            assertThat(vae.encode(bytes, 1))
                    .containsExactly(
                            new TokenGrid(gridSize, gridSize, integers(golden.get("tokens"))));
        }
    }

    /** The tokens of each caption, without the zeros behind them. */
    private static int[][] captions(Tensor text) {
        int rows = (int) text.shape()[0];
        int length = (int) text.shape()[1];
        int[] ids = integers(text);
        return IntStream.range(0, rows)
                .mapToObj(
                        row -> {
                            int end = (row + 1) * length;
                            while (end > row * length && ids[end - 1] == 0) {
                                end--;
                            }
                            return Arrays.copyOfRange(ids, row * length, end);
                        })
                .toArray(int[][]::new);
    }

    private static int[] integers(Tensor tensor) {
        float[] values = tensor.data();
        return IntStream.range(0, values.length).map(i -> (int) values[i]).toArray();
    }

    @Test
    void tokensOfCaptionsAreTheirs() throws IOException {
        int[][] expected = captions(golden("sparse").get("text"));
        var tokenizer = imported("sparse").tokenizer();
        List<String> captions = List.of("the red", "", "a cat!!", "the dog");
        for (int i = 0; i < expected.length; i++) {
            assertThat(tokenizer.encode(captions.get(i))).isEqualTo(expected[i]);
        }
    }

    @Test
    void refusesWhatIsNoCheckpoint() throws IOException {
        Path file = Goldens.copy("dvae/decoder-state.pt.gz", folder);
        refuses(file, "it has no hparams and weights; give one file that train_dalle.py");
    }

    @Test
    void refusesAnotherVae() throws IOException {
        Path file = Goldens.copy("dalle_pytorch/vqgan.pt", folder);
        refuses(file, "its pictures are coded by VQGanVAE; give a model with a DiscreteVAE");
    }

    /** Edits of the pickle in a checkpoint that keep its length. */
    static Stream<Arguments> edits() {
        return Stream.of(
                Arguments.of("axial_col", "axial_dol", "attention of the type 'axial_dol';"),
                Arguments.of(
                        "(sandwich_norm..)\u0088",
                        "$1\u0089",
                        "its setting sandwich_norm is false; only true can be read"),
                Arguments.of("(dim_head..K)@", "$1!", "its setting dim_head is 33; only 64"),
                Arguments.of(
                        "(text_seq_len..K)\u0006",
                        "$1\u0005",
                        "71 positions less 6 of text make no square image"),
                Arguments.of(
                        "(num_text_tokens..M)\u003e",
                        "$1\u003d",
                        "it has 604 logits, not 579 of text"),
                Arguments.of("(image_size..K) ", "$1!", "its setting image_size is 33; only 32"),
                Arguments.of(
                        "image_emb.weight",
                        "image_xmb.weight",
                        "it lacks the tensor image_emb.weight"),
                Arguments.of(
                        "to_logits.0.bias",
                        "to_logits.7.bias",
                        "the unknown tensor to_logits.7.bias"),
                Arguments.of("OrderedDict", "UnknownDict", "refused collections.UnknownDict"));
    }

    @ParameterizedTest
    @MethodSource("edits")
    void refusesWhatItDoesNotKnow(String from, String to, String message) throws IOException {
        Path file = Goldens.copy("dalle_pytorch/sparse.pt.gz", folder);
        String before = Files.readString(file, StandardCharsets.ISO_8859_1);
        String after = Pattern.compile(from, Pattern.DOTALL).matcher(before).replaceAll(to);
        assertThat(after.length()).isEqualTo(before.length());
        assertThat(after.equals(before)).isFalse();
        Files.writeString(file, after, StandardCharsets.ISO_8859_1);
        refuses(file, message);
    }

    @Test
    void refusesTheMergesOfAnother() throws IOException {
        Path file = Goldens.copy("dalle_pytorch/sparse.pt.gz", folder);
        Files.writeString(merges, "#version\na b\n");
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> DallePytorchImport.checkpoint(begun, file, merges))
                .withMessageContaining("it has 1 merges, and this model reads 60;");
    }

    private void refuses(Path file, String message) {
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> DallePytorchImport.checkpoint(begun, file, merges))
                .withMessageStartingWith(file + ": ")
                .withMessageContaining(message)
                .withMessageNotContaining("\n");
        assertThat(begun.directory()).doesNotExist();
    }
}
