package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.models.Goldens;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.transformer.AttentionPattern;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against DALLE-pytorch's own package, with random weights. */
class DallePytorchImportTest {
    private static final double TOLERANCE = 1e-4;

    @TempDir Path folder;
    private Path merges;
    private ModelBundle begun;

    @BeforeEach
    void setUp() throws IOException {
        merges = Goldens.copy("clip/bpe.txt.gz", folder);
        begun = ModelBundle.create(folder.resolve("model"), "tiny", 256);
    }

    private ImportedDalle imported(String name) throws IOException {
        Path file = Goldens.copy("dalle_pytorch/" + name + ".pt.gz", folder);
        DallePytorchImport.checkpoint(begun, file, merges);
        // as model.json tells it
        return new ImportedDalle(ModelBundle.open(begun.directory()));
    }

    private Map<String, Tensor> golden(String name) throws IOException {
        return Safetensors.readAll(Goldens.copy("dalle_pytorch/" + name + ".safetensors", folder));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"sparse", "reversible", "positions", "0.9.0", "0.14.3", "1.1.1", "1.4.2"})
    void logitsAreThoseOfTheWholeSequence(String name) throws IOException {
        ImportedDalle dalle = imported(name);
        Map<String, Tensor> golden = golden(name);
        int[] image = ImportedDalle.integers(golden.get("image"));
        int[][] captions = ImportedDalle.captions(golden.get("text"), 0);
        Goldens.assertLogits(dalle.logits(captions, image), golden.get("logits"), TOLERANCE);
        int[] first = Arrays.copyOf(image, image.length / captions.length);
        Goldens.assertLogits(
                dalle.logits(new int[][] {{}}, first), golden.get("logits_without"), TOLERANCE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"sparse", "reversible", "positions", "0.9.0", "0.14.3", "1.1.1", "1.4.2"})
    void theLikeliestTokensAreTheirs(String name) throws IOException {
        ImportedDalle dalle = imported(name);
        Map<String, Tensor> golden = golden(name);
        assertThat(
                        dalle.draw(
                                ImportedDalle.captions(golden.get("text"), 0),
                                dalle.bundle().sampling(null, 1, 1, null)))
                .isEqualTo(ImportedDalle.integers(golden.get("likeliest")));
    }

    @Test
    void guidancePushesAwayFromTheirLogitsWithoutACaption() throws IOException {
        ImportedDalle dalle = imported("sparse");
        Map<String, Tensor> golden = golden("sparse");
        int codes = dalle.bundle().transformerArchitecture().imageVocabulary();
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
        int likeliest = (int) golden.get("likeliest").data()[row * perRow / codes];
        assertThat(expected).isNotEqualTo(likeliest);
        int[] caption = ImportedDalle.captions(golden.get("text"), 0)[row];
        assertThat(dalle.draw(new int[][] {caption}, dalle.bundle().sampling(null, 1, 1, 5.0))[0])
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"sparse", "reversible", "positions", "0.9.0", "0.14.3", "1.1.1", "1.4.2"})
    void picturesAndTheirTokensAreTheirs(String name) throws IOException {
        ImportedDalle dalle = imported(name);
        Map<String, Tensor> golden = golden(name);
        int side = dalle.bundle().imageSize();
        assertThat(golden.get("decoded").shape()).containsExactly(1, 3, side, side);
        assertThat(
                        Goldens.relativeError(
                                dalle.decoded(ImportedDalle.integers(golden.get("image"))),
                                golden.get("decoded").data()))
                .isLessThan(TOLERANCE);
        assertThat(dalle.encoded(golden.get("pixels")))
                .isEqualTo(ImportedDalle.integers(golden.get("tokens")));
    }

    @Test
    void tokensOfCaptionsAreTheirs() throws IOException {
        int[][] expected = ImportedDalle.captions(golden("sparse").get("text"), 0);
        var tokenizer = imported("sparse").bundle().tokenizer();
        List<String> captions = List.of("the red", "", "a cat!!", "the dog");
        for (int i = 0; i < expected.length; i++) {
            assertThat(tokenizer.encode(captions.get(i))).isEqualTo(expected[i]);
        }
    }

    @Test
    void refusesWhatIsNoCheckpoint() throws IOException {
        Path file = Goldens.copy("dvae/decoder-state.pt.gz", folder);
        refuses(file, "it has no hparams and weights; give a file that train_dalle.py");
    }

    /** Settings apart, and the weights that zero_to_fp32 makes, with the engine around them. */
    @Test
    void aFolderOfDeepSpeedsIsReadWithItsConsolidatedWeights() throws IOException {
        Path checkpoint = Files.createDirectory(folder.resolve("dalle-ds-cp"));
        refuses(checkpoint, "it has no auxiliary.pt with pytorch_model.bin beside it; in the");
        Path auxiliary = Goldens.copy("dalle_pytorch/auxiliary.pt", checkpoint);
        refuses(auxiliary, "its weights are apart, in files of DeepSpeed's; in the folder");
        Path whole = Goldens.copy("dalle_pytorch/sparse.pt.gz", folder);
        Wrapped.write(
                checkpoint.resolve("pytorch_model.bin"), whole, "to_logits.1.weight", "module.");
        DallePytorchImport.checkpoint(begun, checkpoint, merges);
        ImportedDalle dalle = new ImportedDalle(ModelBundle.open(begun.directory()));
        Map<String, Tensor> golden = golden("sparse");
        Goldens.assertLogits(
                dalle.logits(
                        ImportedDalle.captions(golden.get("text"), 0),
                        ImportedDalle.integers(golden.get("image"))),
                golden.get("logits"),
                TOLERANCE);
    }

    /** As weights of numpy's, which training keeps beside others and nothing reads. */
    @Test
    void refusesCheckpointsWithoutTheTransformer() throws IOException {
        Path file = Goldens.copy("dalle_pytorch/vqgan.pt", folder);
        String before = Files.readString(file, StandardCharsets.ISO_8859_1);
        Files.writeString(
                file, before.replace("to_logits", "of_logits"), StandardCharsets.ISO_8859_1);
        refuses(file, "it lacks the tensor to_logits.1.weight and has ");
    }

    @Test
    void refusesVersionsBefore09() throws IOException {
        refuses(
                Goldens.copy("dalle_pytorch/0.8.3.pt.gz", folder),
                "a version of DALLE-pytorch before 0.9 wrote it, whose layers and captions are others; give");
    }

    /** From 1.5 on it reaches back alone, and before that it wrote no version or an earlier one. */
    @ParameterizedTest
    @CsvSource({"0.9.0, AROUND", "1.4.2, AROUND", "sparse, CORNER"})
    void theVersionSaysWhatConvLikeSees(String name, AttentionPattern pattern) throws IOException {
        assertThat(imported(name).bundle().transformerArchitecture().patterns())
                .contains(pattern)
                .doesNotContain(
                        pattern == AttentionPattern.CORNER
                                ? AttentionPattern.AROUND
                                : AttentionPattern.CORNER);
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
