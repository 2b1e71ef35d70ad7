package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The finish of a job of {@code -Dtest.captions} (300) captions, from the start of the pipeline,
 * lies within 15 % of what {@code nocturne plan} says of rates that were measured before, three
 * times. Each is the command itself, as people run it. Run by its name alone on a machine that does
 * nothing else, see docs/capacity.md.
 */
class PlanStudy {
    private static final int CAPTIONS = Integer.getInteger("test.captions", 300);
    private static final String MEASURED = "100";
    private static final String RUNS = "3";

    /** A share. */
    private static final double BAR = 0.15;

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir Path folder;

    @RepeatedTest(3)
    @Timeout(value = 3, unit = TimeUnit.HOURS)
    void theFinishIsAsPlanned() throws Exception {
        String captions = Integer.toString(CAPTIONS);
        Path rates = folder.resolve("rates.json");
        nocturne(rates, "bench", "--captions", MEASURED, "--runs", RUNS, "--json");
        JsonNode plan =
                nocturne(
                        folder.resolve("plan.json"),
                        "plan",
                        "--captions",
                        captions,
                        "--rates",
                        rates.toString(),
                        "--json");
        JsonNode real =
                nocturne(folder.resolve("real.json"), "bench", "--captions", captions, "--json");
        double seconds =
                real.path("start_up_seconds").asDouble()
                        + real.path("pictures").asInt()
                                / real.path("pipeline_pictures_per_second").asDouble();
        double planned = seconds(plan, "estimated_finish");
        System.out.printf(
                "%d captions: planned %.1f s (%.1f to %.1f), took %.1f s, %.3f of it%n",
                CAPTIONS,
                planned,
                seconds(plan, "earliest_finish"),
                seconds(plan, "latest_finish"),
                seconds,
                seconds / planned);
        assertThat(seconds / planned).isCloseTo(1, within(BAR));
    }

    private static double seconds(JsonNode plan, String finish) {
        return Duration.between(
                                Instant.parse(plan.path("starts_at").asText()),
                                Instant.parse(plan.path("finish").path(finish).asText()))
                        .toMillis()
                / 1000.0;
    }

    private static JsonNode nocturne(Path answer, String... args)
            throws IOException, InterruptedException {
        List<String> command =
                Stream.concat(Stream.of("../nocturne"), Arrays.stream(args)).toList();
        Process process =
                new ProcessBuilder(command)
                        .redirectOutput(answer.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
        return JSON.readTree(answer.toFile());
    }
}
