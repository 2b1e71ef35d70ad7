package dev.nocturne.cluster;

import static dev.nocturne.cluster.Night.DECODER;
import static dev.nocturne.cluster.Night.GENERATOR;
import static dev.nocturne.cluster.Night.INGEST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.models.bundle.ModelBundle;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Workers that were deployed wrongly, and machines that are short of something. */
@Tag("faults")
class WorkerFaultIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** How long both processors are kept busy; the documented run takes half an hour. */
    private static final Duration BUSY = Duration.ofMinutes(Long.getLong("test.busyMinutes", 2));

    @TempDir static Path folder;
    private static Night night;

    @BeforeAll
    static void start() throws Exception {
        night = new Night(folder, new FaultReport());
    }

    @AfterAll
    static void end() throws Exception {
        night.close();
    }

    /** It takes part, or not; whatever it does, the captions do not pay for it. */
    @ParameterizedTest
    @ValueSource(strings = {GENERATOR, DECODER})
    void anotherBundleBesideTheRightOne(String service) throws Exception {
        Path other = folder.resolve("other-" + service);
        TinyModel.write(other, 43, 44);
        try {
            night.survives(
                    "a second %s with another bundle".formatted(service),
                    job ->
                            night.start(
                                    "second", service, Map.of("NOCTURNE_MODEL", other.toString())),
                    "second");
        } finally {
            night.remove("second");
        }
    }

    @Test
    void aTruncatedBundle() throws Exception {
        ModelBundle broken = TinyModel.write(folder.resolve("broken"), 42, 42);
        try (Stream<Path> files = Files.walk(broken.directory())) {
            for (Path weights : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
                try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
                    file.setLength(file.length() / 2);
                }
            }
        }
        try {
            night.survives(
                    "a second generator with a truncated bundle",
                    job ->
                            night.start(
                                    "second",
                                    GENERATOR,
                                    Map.of("NOCTURNE_MODEL", broken.directory().toString())),
                    "second");
        } finally {
            night.remove("second");
        }
    }

    /** Fifty at once, and ingest is killed among them. */
    @Test
    void oneIdempotencyKeyIsOneJob() throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        String file = night.upload("{\"custom_id\":\"one\",\"prompt\":\"a red heart\"}\n");
        String body =
                """
                {"input_file_id":"%s","endpoint":"/v1/images/generations","completion_window":"24h"}"""
                        .formatted(file);
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(
                    http.sendAsync(
                            HttpRequest.newBuilder(URI.create(night.api("batches")))
                                    .header("Content-Type", "application/json")
                                    .header("Idempotency-Key", "the-same")
                                    .timeout(PATIENCE)
                                    .POST(BodyPublishers.ofString(body))
                                    .build(),
                            BodyHandlers.ofString()));
        }
        Set<String> ids =
                answers.stream()
                        .map(CompletableFuture::join)
                        .map(WorkerFaultIT::id)
                        .collect(Collectors.toSet());
        assertThat(ids).hasSize(1);
        night.survives(
                "one Idempotency-Key fifty times; then ingest killed", job -> night.kill(INGEST));
    }

    private static String id(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        try {
            return new ObjectMapper().readTree(answer.body()).path("id").asText();
        } catch (IOException e) {
            throw new AssertionError(answer.body(), e);
        }
    }

    /** Heartbeats come from a thread that needs little, so no member is dropped. */
    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS)
    void bothProcessorsBusy() throws Exception {
        Map<String, Set<String>> members = night.members();
        List<JavaProcess> burners =
                IntStream.range(0, Runtime.getRuntime().availableProcessors())
                        .mapToObj(i -> Burner.start(folder))
                        .toList();
        try {
            night.survives(
                    "all processors busy for %d minutes".formatted(BUSY.toMinutes()),
                    job ->
                            await("nobody is dropped for " + BUSY)
                                    .during(BUSY)
                                    .atMost(BUSY.plusMinutes(1))
                                    .pollInterval(Duration.ofSeconds(2))
                                    .until(() -> night.members().equals(members)));
        } finally {
            burners.forEach(JavaProcess::close);
        }
    }

    /** A record of 256 KB of captions at a time, through a small heap. */
    @Test
    void manyLinesInASmallHeap() throws Exception {
        night.putDown(INGEST);
        night.start(INGEST, INGEST, Map.of(), "-Xmx64m");
        night.awaitHealthy();
        Instant tomorrow = Instant.now().plus(Duration.ofDays(1));
        try (JobRun job = night.submit("?start_after=" + tomorrow, 50_000)) {
            JsonNode counts = night.get("jobs/" + job.id()).path("counts");
            assertThat(counts.path("total").asInt()).isEqualTo(50_000);
            night.cancel(job.id());
            job.awaitEnd(Duration.ofMinutes(4));
            assertThat(job.last().path("counts").path("cancelled").asInt()).isEqualTo(50_000);
            night.report("50,000 lines through a heap of 64 MB, then cancelled", job);
        } finally {
            night.putDown(INGEST);
            night.start(INGEST, INGEST, Map.of());
            night.awaitHealthy();
        }
    }
}
