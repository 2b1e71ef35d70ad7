package dev.nocturne.standalone.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.training.evaluate.EvaluationReport;
import dev.nocturne.training.evaluate.FirstChoice;
import dev.nocturne.training.evaluate.Scenes;
import dev.nocturne.training.measure.Enlargement.Likeness;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class EvaluateCommandTest {
    private static final EvaluationReport REPORT =
            new EvaluationReport(
                    "tiny@1",
                    new Sampling(0.5, 0, 1, 2),
                    100,
                    21.5,
                    0.8,
                    329,
                    831,
                    1024,
                    new Likeness(19.81, 0.826),
                    new Likeness(19.53, 0.809),
                    0.46,
                    0.81,
                    new EvaluationReport.JudgeAccuracy(0.77, 0.91, 785, 0.58),
                    0.23,
                    0.72,
                    0.31,
                    0.44,
                    List.of(
                            new FirstChoice(
                                    8,
                                    90,
                                    new FirstChoice.Share(0.98, 0.92, 0.995),
                                    new FirstChoice.Share(0.94, 0.88, 0.97),
                                    new FirstChoice.Share(0.97, 0.91, 0.99),
                                    new FirstChoice.Share(0.83, 0.74, 0.89))),
                    0.76,
                    new TreeMap<>(Map.of(1, 0.519, 64, 0.855)),
                    List.of(
                            new EvaluationReport.SceneFigures<>(
                                    "held-out pairs",
                                    new Scenes.Binding(40, 11, 3, 2, 25),
                                    new Scenes.Binding(40, 19, 6, 5, 31),
                                    new Scenes.Binding(40, 60, 24, 24, 39),
                                    0.71)),
                    new EvaluationReport.SceneFigures<>(
                            "two colours",
                            new Scenes.Colours(40, 50, 9, 16),
                            new Scenes.Colours(40, 58, 7, 22),
                            new Scenes.Colours(40, 79, 0, 39),
                            0.72));

    @Test
    void theTableTellsEveryFigure() {
        StringWriter text = new StringWriter();
        EvaluateCommand.print(REPORT, new PrintWriter(text));
        assertThat(text.toString().lines())
                .startsWith("tiny@1, temperature 0.5, guidance 2.0")
                .anyMatch(row -> row.matches("judge, held-out .* 77 %.* 91 % of 100 .* 785 58 %"))
                .anyMatch(
                        row ->
                                row.matches(
                                        "upscaler, held-out .* 19.81 dB, .* bicubic PSNR 19.53 dB.*"))
                .anyMatch(row -> row.matches("caption accuracy by CLIP +one .*23 %.*16 72 %"))
                .anyMatch(row -> row.matches("caption accuracy by the judge +one .*31 %.* 44 %"))
                .anyMatch(
                        row ->
                                row.matches(
                                        "the same where 8 are +by score 98.0 % .92.0 to 99.5., CLIP"
                                                + " alone 94.0 .*random 83.0 .* of 90 captions"))
                .anyMatch(row -> row.matches("best of N by CLIP score +1: 0.519  64: 0.855"))
                .anyMatch(
                        row ->
                                row.matches(
                                        "held-out pairs, one picture +objects 11 of 80; both .* 3"
                                                + " of 40, of these in their places 2; .*25 of 40"))
                .anyMatch(row -> row.matches("held-out pairs, best of 16 +objects 19 .*0.71"))
                .anyMatch(row -> row.matches("held-out pairs, real drawings +objects 60 .*"))
                .anyMatch(row -> row.matches("two colours, best of 16 +colours 58 of 80, .* 7; .*"))
                .hasSize(1 + 9 + 6);
    }

    @Test
    void theSameIsThereForPrograms() throws Exception {
        JsonNode json = JsonOption.MAPPER.readTree(JsonOption.MAPPER.writeValueAsString(REPORT));
        assertThat(json.at("/judge/top1_of_all").asDouble()).isEqualTo(0.58);
        assertThat(json.at("/judged_accuracy_best").asDouble()).isEqualTo(0.44);
        assertThat(json.at("/binding/0/scenes").asText()).isEqualTo("held-out pairs");
        assertThat(json.at("/binding/0/best/in_place").asInt()).isEqualTo(5);
        assertThat(json.at("/colours/real/colours").asInt()).isEqualTo(79);
        assertThat(json.at("/best_of/64").asDouble()).isEqualTo(0.855);
        assertThat(json.has("table")).isFalse();
    }
}
