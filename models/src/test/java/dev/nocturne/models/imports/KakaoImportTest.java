package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.models.Goldens;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.Vqgan;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import dev.nocturne.models.tokenizer.CharacterBpeTokenizer;
import dev.nocturne.models.transformer.KakaoTransformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against kakaobrain's own program, with random weights. */
class KakaoImportTest {
    private static final double TOLERANCE = 1e-4;
    private static final int PAD = 0;
    private static final int UNKNOWN = 1;

    @TempDir Path folder;
    private Path published;
    private ModelBundle begun;
    private Map<String, Tensor> golden;

    @BeforeEach
    void setUp() throws IOException {
        published = Files.createDirectory(folder.resolve("published"));
        Path tokenizer = Files.createDirectory(published.resolve("tokenizer"));
        Goldens.copy("kakao/config.yaml", published);
        Goldens.copy("kakao/stage1_last.ckpt.gz", published);
        Goldens.copy("kakao/stage2_last.ckpt.gz", published);
        Goldens.copy("kakao/tokenizer/bpe-16k-vocab.json", tokenizer);
        Goldens.copy("kakao/tokenizer/bpe-16k-merges.txt", tokenizer);
        golden = Safetensors.readAll(Goldens.copy("kakao/golden.safetensors", folder));
        begun = ModelBundle.create(folder.resolve("model"), "tiny", 256);
    }

    private ImportedDalle imported() throws IOException {
        KakaoImport.folder(begun, published);
        // as model.json tells it
        return new ImportedDalle(ModelBundle.open(begun.directory()));
    }

    @Test
    void sizesAreThoseOfTheTensors() throws IOException {
        ModelBundle bundle = imported().bundle();
        assertThat(bundle.transformerArchitecture())
                .isEqualTo(new KakaoTransformer(2, 128, 128, PAD, 12, 32, 4));
        assertThat(bundle.dvaeArchitecture())
                .isEqualTo(new Vqgan(List.of(32, 64), 1, List.of(1), 8, 32, 16, false, false));
        assertThat(bundle.imageSize()).isEqualTo(8);
        assertThatThrownBy(() -> bundle.sampling(null, 0, 1, 3.0))
                .hasMessageContaining("was not trained to be guided");
    }

    @Test
    void logitsAreThoseOfTheWholeSequence() throws IOException {
        Goldens.assertLogits(
                imported()
                        .logits(
                                ImportedDalle.captions(golden.get("text"), PAD),
                                ImportedDalle.integers(golden.get("image"))),
                golden.get("logits"),
                TOLERANCE);
    }

    @Test
    void theLikeliestTokensAreTheirs() throws IOException {
        ImportedDalle dalle = imported();
        assertThat(
                        dalle.draw(
                                ImportedDalle.captions(golden.get("text"), PAD),
                                dalle.bundle().sampling(null, 1, 1, null)))
                .isEqualTo(ImportedDalle.integers(golden.get("likeliest")));
    }

    @Test
    void picturesAndTheirTokensAreTheirs() throws IOException {
        ImportedDalle dalle = imported();
        assertThat(
                        Goldens.relativeError(
                                dalle.decoded(ImportedDalle.integers(golden.get("image"))),
                                golden.get("decoded").data()))
                .isLessThan(TOLERANCE);
        assertThat(dalle.encoded(golden.get("pixels")))
                .isEqualTo(ImportedDalle.integers(golden.get("tokens")));
    }

    /** Both stages in one checkpoint of Lightning's, with what it trained beside them. */
    @Test
    void aCheckpointOfLightningsHoldsBothStages() throws IOException {
        Path stage1 = published.resolve("stage1_last.ckpt");
        Path stage2 = published.resolve("stage2_last.ckpt");
        Map<String, Tensor> both =
                Wrapped.tensors(stage1, "quantize.embedding.weight", "state_dict.stage1.");
        both.put("state_dict.stage1.loss.weight", new Tensor(new long[] {1}, new float[1]));
        both.putAll(Wrapped.tensors(stage2, "tok_emb_img.weight", "state_dict.stage2."));
        Safetensors.write(stage1, both, Safetensors.StorageType.F32, Map.of());
        Files.copy(stage1, stage2, StandardCopyOption.REPLACE_EXISTING);
        logitsAreThoseOfTheWholeSequence();
    }

    @Test
    void tokensOfCaptionsAreTheirs() throws IOException {
        Map<String, Integer> vocabulary = new HashMap<>();
        json(published.resolve("tokenizer/bpe-16k-vocab.json"))
                .properties()
                .forEach(token -> vocabulary.put(token.getKey(), token.getValue().asInt()));
        List<String> merges =
                Files.readAllLines(published.resolve("tokenizer/bpe-16k-merges.txt")).stream()
                        .skip(1)
                        .toList();
        CharacterBpeTokenizer tokenizer =
                new CharacterBpeTokenizer(vocabulary, merges, UNKNOWN, 512);
        JsonNode expected = json(Goldens.copy("kakao/tokens.json", folder));
        assertThat(expected).hasSize(26);
        for (JsonNode one : expected) {
            String caption = one.get("caption").asText();
            int[] tokens =
                    StreamSupport.stream(one.get("tokens").spliterator(), false)
                            .mapToInt(JsonNode::asInt)
                            .toArray();
            assertThat(tokenizer.encode(caption)).as(caption).isEqualTo(tokens);
        }
    }

    @Test
    void aCaptionOfMoreTokensThanPositionsIsRefused() throws IOException {
        var tokenizer = imported().bundle().tokenizer();
        assertThat(tokenizer.contextLength()).isEqualTo(12);
        assertThat(tokenizer.encode("Two dogs"))
                .isEqualTo(ImportedDalle.captions(golden.get("text"), PAD)[0]);
        assertThatExceptionOfType(CaptionTooLongException.class)
                .isThrownBy(() -> tokenizer.encode("q ".repeat(13)));
    }

    @Test
    void refusesWhatTheTensorsDoNotTell() throws IOException {
        Path config = published.resolve("config.yaml");
        String settings = Files.readString(config);
        Files.writeString(config, settings.replace("approx: false", "approx: true"));
        refuses(config, "2 heads for a width of 128 and gelu_use_approx: true; only heads of 64");
        Files.writeString(config, settings.replace("n_heads: 2", "n_heads: 4"));
        refuses(config, "4 heads for a width of 128");
        Files.writeString(config, "a: [");
        refuses(config, "it cannot be parsed");
        Files.delete(config);
        refuses(config, "it is missing; give the folder of minDALL-E");
    }

    @Test
    void refusesTheStagesInTheWrongOrder() throws IOException {
        Path stage1 = published.resolve("stage1_last.ckpt");
        Path stage2 = published.resolve("stage2_last.ckpt");
        Files.copy(stage1, stage2, StandardCopyOption.REPLACE_EXISTING);
        refuses(stage2, "it lacks the tensor tok_emb_img.weight");
        Files.copy(
                Goldens.copy("types/zip.pt", folder), stage1, StandardCopyOption.REPLACE_EXISTING);
        refuses(stage1, "it lacks the tensor quantize.embedding.weight");
    }

    @Test
    void refusesATokenizerOfAnother() throws IOException {
        Path vocabulary = published.resolve("tokenizer/bpe-16k-vocab.json");
        String tokens = Files.readString(vocabulary);
        Files.writeString(vocabulary, tokens.replace("\"a\":6", "\"a\":128"));
        refuses(vocabulary, "'a' is number 128, and the transformer has 128 text ids");
        Files.writeString(vocabulary, tokens.replace("[UNK]", "<unk>"));
        refuses(vocabulary, "it has no [UNK]");
        Files.writeString(vocabulary, tokens);
        Path merges = published.resolve("tokenizer/bpe-16k-merges.txt");
        Files.writeString(merges, "#version: 0.2\na nothing\n");
        refuses(merges, "the merge 'a nothing' is not of two tokens to a third");
    }

    private void refuses(Path file, String message) {
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> KakaoImport.folder(begun, published))
                .withMessageStartingWith(file + ": ")
                .withMessageContaining(message)
                .withMessageNotContaining("\n");
        assertThat(begun.directory()).doesNotExist();
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(Files.readAllBytes(file));
    }
}
