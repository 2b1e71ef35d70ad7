package dev.nocturne.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanCommandTest {
    private static final String RESOURCES = "src/test/resources/plan/";
    private static final String BENCH = RESOURCES + "bench.json";
    private static final String START = "2030-01-01T22:00:00Z";
    private static final String NIGHT = "22:00-06:00 UTC";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        List<String> all = new ArrayList<>(List.of("plan", "--model", "paper"));
        all.addAll(Arrays.asList(args));
        return NocturneCommand.commandLine(new PrintWriter(out), new PrintWriter(err))
                .execute(all.toArray(String[]::new));
    }

    private JsonNode report(String... args) throws IOException {
        List<String> all = new ArrayList<>(List.of("--start-after", START, "--json"));
        all.addAll(Arrays.asList(args));
        assertThat(run(all.toArray(String[]::new))).as(err.toString()).isZero();
        return new ObjectMapper().readTree(out.toString());
    }

    @Test
    void aNightForPeople() throws IOException {
        assertThat(
                        run(
                                "--captions",
                                "100000",
                                "--rates",
                                BENCH,
                                "--start-after",
                                START,
                                "--window",
                                NIGHT,
                                "--lose",
                                "1@00:00",
                                "--webdataset",
                                "--job-retention",
                                "30d"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString().lines())
                .containsExactlyElementsOf(Files.readAllLines(Path.of(RESOURCES, "plan.txt")));
    }

    @Test
    void theSameInputsGiveTheSamePlan() throws IOException {
        String[] args = {"--captions", "5000", "--rates", BENCH, "--workers", "2"};
        JsonNode first = report(args);
        out.getBuffer().setLength(0);
        assertThat(report(args)).isEqualTo(first);
    }

    @Test
    void oneWorkerPaintsAtItsRate() throws IOException {
        JsonNode plan = report("--captions", "300", "--rates", BENCH);
        Duration took =
                Duration.between(
                        Instant.parse(plan.path("starts_at").asText()),
                        Instant.parse(plan.path("finish").path("estimated_finish").asText()));
        double drawn = 300 * (1 / 2.0 + 1 / 2.1 + 1 / 1.95) / 3;
        assertThat((double) took.toSeconds()).isCloseTo(12.5 + drawn, within(0.03 * drawn));
        assertThat(plan.path("partitions").asInt()).isEqualTo(6);
        assertThat(plan.path("stages").size()).isEqualTo(5);
        assertThat(plan.path("stages").path(3).path("captions_per_second").isNull())
                .as("rerank is not measured")
                .isTrue();
    }

    @Test
    void rowsOfModelsAloneCountAsTheWorkersBatchesAllow() throws IOException {
        JsonNode plan =
                report(
                        "--captions",
                        "1000",
                        "--candidates",
                        "512",
                        "--rates",
                        RESOURCES + "models.json",
                        "--deadline",
                        "2030-01-02T06:00:00Z");
        JsonNode stages = plan.path("stages");
        assertThat(stages.path(1).path("captions_per_second").asDouble())
                .as("a batch of 128 no generator-worker draws")
                .isCloseTo(0.5 / 512, within(1e-9));
        assertThat(stages.path(2).path("captions_per_second").asDouble())
                .isCloseTo(250.0 / 512, within(1e-9));
        assertThat(stages.path(1).path("is_spread_assumed").asBoolean()).isTrue();
        assertThat(plan.path("models_alone").asBoolean()).isTrue();
        assertThat(plan.path("finish").path("deadline_kept").asDouble())
                .isGreaterThanOrEqualTo(0.9);
        assertThat(plan.path("partitions").asInt())
                .isEqualTo(stages.path(1).path("workers").asInt());
    }

    @Test
    void aRunningWorkersMetricsAreRates() throws IOException {
        String page =
                """
                # TYPE nocturne_stage_batch_seconds summary
                nocturne_stage_batch_seconds_count{stage="generator"} 50
                nocturne_stage_batch_seconds_sum{stage="generator"} 200.0
                nocturne_stage_batch_records_sum{stage="generator"} 400.0
                nocturne_stage_batch_seconds_sum{stage="scorer"} 50.0
                nocturne_stage_batch_records_sum{stage="scorer"} 900.0
                nocturne_stage_batch_seconds_sum{stage="publisher"} 20.0
                nocturne_stage_batch_records_sum{stage="publisher"} 400.0
                """;
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/q/metrics",
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    try (var body = exchange.getResponseBody()) {
                        body.write(page.getBytes(UTF_8));
                    }
                });
        server.start();
        try {
            String address = "http://localhost:" + server.getAddress().getPort();
            JsonNode stages = report("--captions", "100", "--rates", address).path("stages");
            assertThat(stages.path(0).path("captions_per_second").isNull()).isTrue();
            assertThat(stages.path(1).path("captions_per_second").asDouble())
                    .isCloseTo(2, within(1e-9));
            assertThat(stages.path(2).path("captions_per_second").asDouble())
                    .as("of captions, not of their parts")
                    .isCloseTo(8, within(1e-9));
        } finally {
            server.stop(0);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--captions 0 --rates BENCH | --captions is 0: must be 1 or more",
                "--captions 5 --candidates 513 --rates BENCH | --candidates is 513: must be 1 to 512",
                "--captions 5 --candidates 3 --top 4 --rates BENCH | --top is 4: must be 1 to 3",
                "--captions 5 --workers 0 --rates BENCH | --workers is 0",
                "--captions 5 --partitions 5 --rates BENCH | --partitions is 5: the topics have 6",
                "--captions 5 --rates BENCH --window 22-6 | window is '22-6': write it like",
                "--captions 5 --rates BENCH --deadline tomorrow | deadline is 'tomorrow'",
                "--captions 5 --rates BENCH --start-after 2030-01-02T00:00:00Z --deadline 2030-01-01T00:00:00Z | choose a later one",
                "--captions 5 --rates BENCH --lose two@00:00 | 'two@00:00' is no loss",
                "--captions 5 --rates BENCH --lose 1@25:00 | '1@25:00' is no loss",
                "--captions 5 --rates BENCH --lose 2@00:00 | but the plan has 1 generator-worker",
                "--captions 5 --rates BENCH --job-retention soon | --job-retention is 'soon'",
                "--captions 5 --rates BENCH --interactive -1 | --interactive is -1.0",
                "--captions 5 | --rates",
                "--rates BENCH | --captions"
            })
    void wrongUsageIsOneLineAndTwo(String args, String message) {
        assertThat(run(args.replace("BENCH", BENCH).split(" "))).isEqualTo(2);
        assertThat(err.toString().lines()).singleElement().asString().contains(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "none.json | cannot be read: name a file",
                "src/test/resources/plan/plan.txt | has no rates of stages",
                "http://localhost:1 | Nothing answers at http://localhost:1"
            })
    void whatHasNoRatesIsToldInOneLine(String source, String message) {
        assertThat(run("--captions", "5", "--rates", source)).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains(message);
    }

    @Test
    void aDeadlineBeforeAnyWorkerHasStartedIsToldInOneLine() {
        assertThat(
                        run(
                                "--captions",
                                "5",
                                "--rates",
                                BENCH,
                                "--start-after",
                                START,
                                "--deadline",
                                "2030-01-01T22:00:05Z"))
                .isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains("they take 13 s to start; choose a later deadline");
    }
}
