package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** With the options that everybody leaves out left out. */
class BenchBrokerTest {
    @Test
    void bothWaysAreMeasuredWithTheUsualCandidates() throws Exception {
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
    }
}
