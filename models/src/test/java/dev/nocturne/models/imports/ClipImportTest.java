package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.models.Goldens;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.tokenizer.CaptionCleaning;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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

    @ParameterizedTest
    @ValueSource(strings = {"ViT-tiny.pt.gz", "state.pt.gz"})
    void embedsAsOpenAiDoes(String name) throws IOException {
        embedsAlike(
                ClipImport.openAi(
                        begun,
                        Goldens.copy("clip/" + name, folder),
                        Goldens.copy("clip/bpe.txt.gz", folder)));
    }

    @Test
    void embedsAsHuggingFaceDoes() throws IOException {
        embedsAlike(ClipImport.huggingFace(begun, huggingFace(), CaptionCleaning.FTFY));
    }

    @Test
    void captionsAreCleanedAsTheClipLearnedThem() throws IOException {
        Path file = huggingFace();
        ModelBundle plain = ClipImport.huggingFace(begun, file, CaptionCleaning.TRANSFORMERS);
        ModelBundle other = ModelBundle.create(folder.resolve("other"), "tiny", 32);
        ModelBundle repaired = ClipImport.huggingFace(other, file, CaptionCleaning.FTFY);

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

    private void embedsAlike(ModelBundle bundle) throws IOException {
        assertThat(bundle.clipArchitecture())
                .isEqualTo(
                        new ClipArchitecture(
                                32, 8, 1, 128, 2, 64, 77, 574, 64, CaptionCleaning.FTFY));
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
    void refusesAnotherActivation() throws IOException {
        Path file = huggingFace();
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("quick_gelu", "gelu"));
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.huggingFace(begun, file, CaptionCleaning.TRANSFORMERS))
                .withMessageStartingWith(config + ": its text_config has gelu, 1 heads");
        Files.delete(config);
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.huggingFace(begun, file, CaptionCleaning.TRANSFORMERS))
                .withMessage(
                        config
                                + ": it is missing; put it beside the weights, from the same repository");
    }

    @Test
    void refusesAnotherNumbering() throws IOException {
        Path file = huggingFace();
        Path vocabulary = folder.resolve("vocab.json");
        Files.writeString(vocabulary, Files.readString(vocabulary).replace(": 512", ": 9"));
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.huggingFace(begun, file, CaptionCleaning.TRANSFORMERS))
                .withMessageContaining("is not number 512, as merges.txt has it; take both from");
    }

    @Test
    void refusesTheWrongMerges() throws IOException {
        Path weights = Goldens.copy("clip/state.pt.gz", folder);
        Path merges = folder.resolve("merges.txt");
        Files.writeString(merges, "#version\na b\n");
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.openAi(begun, weights, merges))
                .withMessageContaining("it has 1 merges, and this model reads 60;");
        Files.writeString(merges, "#version\n" + "ab c\n".repeat(60));
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.openAi(begun, weights, merges))
                .withMessageContaining("merge 0, 'ab c', is not of two earlier tokens");
        Files.write(merges, new byte[] {0x1f, (byte) 0x8b, 8, 0, 1});
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> ClipImport.openAi(begun, weights, merges))
                .withMessageContaining("cannot be unpacked; copy it again");
        assertThat(begun.directory()).doesNotExist();
    }
}
