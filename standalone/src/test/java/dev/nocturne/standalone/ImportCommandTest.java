package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From small files with random weights, as their publishers lay them, to ranked pictures. */
class ImportCommandTest {
    private static final Path PUBLISHED = Path.of("../models/src/test/resources/imports");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir Path folder;

    private String run(String... args) {
        out.getBuffer().setLength(0);
        int exit =
                NocturneCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
                        .execute(args);
        assertThat(exit).as(err.toString()).isZero();
        return out.toString();
    }

    /** A folder with files of the goldens. */
    private String published(String name, String... files) throws IOException {
        Path published = Files.createDirectories(folder.resolve(name));
        for (String file : files) {
            Path source = PUBLISHED.resolve(file);
            String plain = source.getFileName().toString().replaceFirst("\\.gz$", "");
            try (InputStream bytes = Files.newInputStream(source);
                    InputStream in = file.endsWith(".gz") ? new GZIPInputStream(bytes) : bytes) {
                Files.copy(in, published.resolve(plain));
            }
        }
        return published.toString();
    }

    private String mini() throws IOException {
        published("vqgan", "dalle_mini/vqgan/detoker.pt.gz");
        return published(
                "mini",
                "dalle_mini/mini/encoder.pt.gz",
                "dalle_mini/mini/decoder.pt.gz",
                "dalle_mini/mini/vocab.json",
                "dalle_mini/mini/merges.txt");
    }

    private JsonNode painted(String model) {
        try {
            Path pictures = folder.resolve("pictures");
            run(
                    "paint",
                    "a red apple",
                    "--model",
                    model,
                    "--candidates",
                    "3",
                    "--top",
                    "3",
                    "--out",
                    pictures.toString());
            return JSON.readTree(pictures.resolve("result.json").toFile());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Double> values(JsonNode result, String field) {
        List<Double> values = new ArrayList<>();
        result.get("images").forEach(image -> values.add(image.get(field).doubleValue()));
        return values;
    }

    @Test
    void aDalleWithoutAClipPaintsTheLikeliestFirstAndSaysSo() throws IOException {
        String model = folder.resolve("model").toString();
        assertThat(run("import", "dalle-mini", mini(), "--model", model))
                .contains("There is no CLIP: the likeliest pictures come first");
        assertThat(run("models", "describe", model))
                .contains("CLIP         none: the likeliest candidates come first");

        JsonNode result = painted(model);
        assertThat(out.toString())
                .contains("1  log-probability -")
                .contains("The likeliest first: the model has no CLIP");
        assertThat(result.get("ranked_by").textValue()).isEqualTo("likelihood");
        assertThat(result.findValues("score")).isEmpty();
        assertThat(values(result, "log_probability"))
                .hasSize(3)
                .isSortedAccordingTo((a, b) -> Double.compare(b, a));
    }

    @Test
    void oneCommandBringsTheClipThatRanksThem() throws IOException {
        String model = folder.resolve("model").toString();
        String clip =
                published(
                        "clip",
                        "clip/hf/config.json",
                        "clip/hf/model.safetensors.gz",
                        "clip/hf/vocab.json",
                        "clip/hf/merges.txt");
        assertThat(run("import", "dalle-mini", mini(), "--clip", clip, "--model", model))
                .contains("The CLIP that is there chooses the best")
                .contains("the model card of CLIP");

        JsonNode result = painted(model);
        assertThat(out.toString()).contains("1  score ").doesNotContain("likeliest");
        assertThat(result.get("ranked_by").textValue()).isEqualTo("clip");
        assertThat(values(result, "score"))
                .hasSize(3)
                .isSortedAccordingTo((a, b) -> Double.compare(b, a));
    }

    @Test
    void aDalleMiniThatWasTrainedFurtherPaintsAsBefore() throws IOException {
        String model = folder.resolve("model").toString();
        String tuned = folder.resolve("tuned").toString();
        String codes = published("codes", "dalle_mini/vqgan/flax_model.msgpack.gz");
        run("import", "dalle-mini", mini(), "--vqgan", codes, "--model", model);
        Path pictures = Files.createDirectory(folder.resolve("own"));
        for (int i = 0; i < 8; i++) {
            BufferedImage picture = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
            picture.setRGB(i, i, 0xffffff);
            ImageIO.write(picture, "png", pictures.resolve(i + ".png").toFile());
            Files.writeString(pictures.resolve(i + ".txt"), "a point at " + i);
        }

        run(
                "train transformer --steps 2 --batch 4 --learning-rate 1e-2 --only attention --adapters 2 --from %s --model %s --data %s"
                        .formatted(model, tuned, pictures)
                        .split(" "));
        assertThat(run("models", "describe", tuned))
                .contains("CLIP         none: the likeliest candidates come first");
        assertThat(values(painted(tuned), "log_probability"))
                .hasSize(3)
                .isNotEqualTo(values(painted(model), "log_probability"));
    }
}
