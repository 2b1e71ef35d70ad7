package dev.nocturne.training.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.training.measure.Nearest;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationPageTest {
    private static final BufferedImage PICTURE =
            new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
    private static final Drawn DRAWN =
            new Drawn(
                    "a star <left of> a heart",
                    Collections.nCopies(16, PICTURE),
                    new float[16],
                    new double[16],
                    new float[16]);
    private static final Nearest.Match NEAREST = new Nearest.Match(PICTURE, 0.71);

    @TempDir Path folder;

    @Test
    void whatIsCountedInASceneStandsOnceWithThreeNumbers() throws Exception {
        Evaluation.Scene<Scenes.Binding> binding =
                new Evaluation.Scene<>(
                        DRAWN,
                        PICTURE,
                        new Scenes.Binding(1, 1, 0, 0, 1),
                        new Scenes.Binding(1, 2, 1, 0, 0),
                        new Scenes.Binding(1, 2, 1, 1, 1),
                        List.of(NEAREST, NEAREST));
        Evaluation.Scene<Scenes.Colours> colours =
                new Evaluation.Scene<>(
                        DRAWN,
                        PICTURE,
                        new Scenes.Colours(1, 0, 2, 0),
                        new Scenes.Colours(1, 1, 1, 0),
                        new Scenes.Colours(1, 2, 0, 1),
                        List.of(NEAREST, NEAREST));
        EvaluationPage page = new EvaluationPage(folder);
        page.scenes("held-out pairs", List.of(binding));
        page.scenes("two colours", List.of(colours));
        page.write(report(), PICTURE);

        assertThat(Files.readString(folder.resolve("index.html")))
                .contains(
                        "a star &lt;left of> a heart<br><small>objects 1 / 2 / 2<br>"
                                + "both in the picture 0 / 1 / 1<br>in their places 0 / 0 / 1<br>"
                                + "halves nearer to their own objects 1 / 0 / 1</small>",
                        "<small>colours 0 / 1 / 2<br>the other object's colour 2 / 1 / 0<br>"
                                + "both in the picture 0 / 0 / 1</small>");
        // of each scene the best, two that are nearest, and the real one
        assertThat(folder.resolve("pictures").toFile().list()).hasSize(8);
    }

    private static EvaluationReport report() {
        return new EvaluationReport(
                "tiny",
                Sampling.PLAIN,
                1,
                20,
                0.8,
                3,
                4,
                5,
                null,
                null,
                1,
                1,
                new EvaluationReport.JudgeAccuracy(1, 1, 2, 1),
                1,
                1,
                1,
                1,
                List.of(),
                0.7,
                new TreeMap<>(),
                List.of(
                        new EvaluationReport.SceneFigures<>(
                                "held-out pairs",
                                new Scenes.Binding(1, 1, 0, 0, 1),
                                new Scenes.Binding(1, 2, 1, 0, 0),
                                new Scenes.Binding(1, 2, 1, 1, 1),
                                0.71)),
                new EvaluationReport.SceneFigures<>(
                        "two colours",
                        new Scenes.Colours(1, 0, 2, 0),
                        new Scenes.Colours(1, 1, 1, 0),
                        new Scenes.Colours(1, 2, 0, 1),
                        0.72));
    }
}
