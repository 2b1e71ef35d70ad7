package dev.nocturne.training.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.transformer.TransformerArchitecture.Attention;
import dev.nocturne.models.upscaler.UpscalerArchitecture;
import dev.nocturne.training.evaluate.Evaluation;
import dev.nocturne.training.evaluate.EvaluationReport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trains a whole model of 16 pixels for a few steps, by the commands' own code on the real art. */
class TrainingTest {
    @TempDir Path model;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    private String log() {
        return output.toString(StandardCharsets.UTF_8);
    }

    private static Training.Options options(long steps) {
        return new Training.Options(steps, 16, 1, 2e-3, 0.3, 1000, 1, 2, false);
    }

    @Test
    void trainsEveryPartGoesOnFromACheckpointAndEvaluates() throws IOException {
        Training training = begun();
        DvaeArchitecture dvae = new DvaeArchitecture(16, 3, 1, 64, 16, true);
        assertThat(training.dvae(dvae, false, 0.2, options(1))).isTrue();
        double atFirst = loss("dvae", "-ln f");
        assertThat(training.dvae(dvae, false, 0.2, options(40))).isTrue();
        assertThat(loss("dvae", "-ln f")).isLessThan(atFirst);
        assertThat(training.transformer(2, 64, Attention.SPARSE, options(30))).isTrue();
        // far below the entropy of 64 equally likely tokens, 4.16 nats
        assertThat(loss("transformer", "image")).isLessThan(4.0);
        assertThat(training.clip(1, 64, 8, options(4))).isTrue();

        Map<String, Safetensors.Tensor> before =
                Safetensors.readAll(model.resolve("clip.safetensors"));
        output.reset();
        assertThat(training.clip(1, 64, 8, options(6))).isTrue();
        assertThat(log()).contains("going on from step 4 of 6").contains("finished at step 6");
        assertThat(Safetensors.readAll(model.resolve("clip.safetensors")).get("visual.proj").data())
                .isNotEqualTo(before.get("visual.proj").data());

        UpscalerArchitecture upscaler = new UpscalerArchitecture(4, 1);
        assertThat(training.upscaler(upscaler, options(2))).isTrue();
        assertThat(log()).containsPattern("held out: PSNR .* dB, SSIM .*; bicubic: PSNR");
        ModelBundle trained = ModelBundle.open(model);
        assertThat(trained.sizes()).containsExactly(16, 64);
        assertThat(trained.autoSize()).isEqualTo(64);

        EvaluationReport report =
                Evaluation.run(
                        model, model.resolve("evaluation"), new Evaluation.Size(6, 2, 32, 2));
        assertThat(report.codes()).isEqualTo(64);
        assertThat(report.psnr()).isBetween(5.0, 40.0);
        assertThat(report.nearestTraining()).isBetween(-1.0, 1.0);
        assertThat(report.judge().top5()).isGreaterThanOrEqualTo(report.judge().top1());
        assertThat(report.binding()).hasSize(3);
        assertThat(report.binding())
                .allSatisfy(
                        figures -> {
                            assertThat(figures.best().scenes()).isEqualTo(2);
                            assertThat(figures.real().towards()).isBetween(0, 2);
                            assertThat(figures.nearestTraining()).isBetween(-1.0, 1.0);
                        });
        assertThat(report.colours().first().scenes()).isEqualTo(2);
        assertThat(model.resolve("evaluation/index.html"))
                .content()
                .contains(report.table().keySet())
                .contains("Scenes: held-out pairs")
                .contains("src=\"pictures/0.png\"");
        assertThat(model.resolve("evaluation/pictures/0.png")).isNotEmptyFile();
        assertThat(report.bestOf()).containsOnlyKeys(1, 2, 4, 8, 16, 32);
        assertThat(List.copyOf(report.bestOf().values())).isSorted();
        assertThat(model.resolve("evaluation/samples.png")).isNotEmptyFile();
        assertThat(ModelBundle.open(model).id()).startsWith("tiny@");
    }

    @Test
    void trainsTheDvaeAsPublished() throws IOException {
        Training training = begun();
        DvaeArchitecture dvae = new DvaeArchitecture(16, 3, 1, 64, 16, false);
        assertThat(training.dvae(dvae, true, 6.6, options(1))).isTrue();
        double atFirst = loss("dvae", "-ln f");
        assertThat(training.dvae(dvae, true, 6.6, options(30))).isTrue();
        assertThat(loss("dvae", "-ln f")).isLessThan(atFirst);
        assertThat(ModelBundle.open(model).dvaeArchitecture()).isEqualTo(dvae);
    }

    @Test
    void aStepThatCannotBeSavedIsNamed() throws IOException {
        Training training = begun();
        Path inTheWay = model.resolve("training/dvae/checkpoint.safetensors.tmp/file");
        Files.createDirectories(inTheWay);
        DvaeArchitecture dvae = new DvaeArchitecture(16, 3, 1, 64, 16, true);

        assertThatIOException()
                .isThrownBy(() -> training.dvae(dvae, false, 0.2, options(1)))
                .withMessageContaining("step 1 could not be saved")
                .withMessageContaining("the same command then goes on");
        assertThat(log()).contains("step 1 could not be saved").doesNotContain("finished");
    }

    /** A model with a tokenizer, with which every training begins. */
    private Training begun() throws IOException {
        Training training =
                new Training(
                        model,
                        Optional.empty(),
                        new PrintStream(output, true, StandardCharsets.UTF_8));
        training.tokenizer("tiny", 16, 700, 20, 0.3, 1);
        return training;
    }

    /** A metric of the last step that is written down. */
    private double loss(String part, String metric) throws IOException {
        JsonMapper json = JsonMapper.builder().build();
        double last = Double.NaN;
        for (String line :
                Files.readAllLines(
                        model.resolve("training").resolve(part).resolve("losses.jsonl"))) {
            last = json.readTree(line).path(metric).asDouble(last);
        }
        return last;
    }
}
