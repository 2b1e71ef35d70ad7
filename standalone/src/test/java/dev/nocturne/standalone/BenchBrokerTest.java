package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the options that everybody leaves out left out. */
class BenchBrokerTest {
    @Test
    void bothWaysAreMeasuredWithTheUsualCandidates(@TempDir Path folder) throws Exception {
        StringWriter out = new StringWriter();
        int exitCode =
                NocturneCommand.commandLine(
                                new PrintWriter(out), new PrintWriter(new StringWriter()))
                        .execute(
                                "bench",
                                "--captions",
                                "2",
                                "--json",
                                "--model",
                                "../model-zoo/default");

        assertThat(exitCode).isZero();
        JsonNode report = new ObjectMapper().readTree(out.toString());
        assertThat(report.path("captions").asInt()).isEqualTo(2);
        assertThat(report.path("pictures").asInt()).isEqualTo(32);
        assertThat(report.path("paint_pictures_per_second").asDouble()).isPositive();
        assertThat(report.path("pipeline_pictures_per_second").asDouble()).isPositive();
        assertThat(report.path("candidates").asInt()).isEqualTo(16);
        assertThat(report.path("top").asInt()).isEqualTo(4);
        assertThat(report.path("start_up_seconds").asDouble()).isPositive();
        assertThat(report.path("picture_bytes").asLong()).isBetween(100L, 3L * 256 * 256);
        JsonNode stages = report.path("runs").path(0).path("stages");
        assertThat(stages.findValuesAsText("stage"))
                .containsExactly("encoder", "generator", "scorer", "publisher");
        for (JsonNode stage : stages) {
            assertThat(stage.path("captions_per_second").asDouble()).isPositive().isFinite();
            assertThat(stage.path("busy_share").asDouble()).isBetween(0.0, 1.0);
        }

        Path rates = Files.writeString(folder.resolve("rates.json"), out.toString());
        StringWriter plan = new StringWriter();
        assertThat(
                        NocturneCommand.commandLine(
                                        new PrintWriter(plan), new PrintWriter(new StringWriter()))
                                .execute(
                                        "plan",
                                        "--captions",
                                        "1000",
                                        "--model",
                                        "../model-zoo/default",
                                        "--rates",
                                        rates.toString()))
                .isZero();
        assertThat(plan.toString()).contains("1,000 captions of 16 candidates", "finish    ");
    }
}
