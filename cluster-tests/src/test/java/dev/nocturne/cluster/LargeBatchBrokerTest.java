package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.generator.GeneratorService;
import dev.nocturne.models.bundle.ModelBundle;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A large batch through the services, with a stand-in for the transformer that takes a fixed time
 * per decode batch. The service that takes it in has a heap in which its results would not fit.
 */
class LargeBatchBrokerTest {
    private static final int CAPTIONS = Integer.getInteger("test.captions", 500);

    /** Every so many-th line is bad. */
    private static final int BAD = 100;

    /** Prometheus takes one every few seconds. */
    private static final int SCRAPE_BYTES = 50_000;

    private static final Duration DECODE_BATCH = Duration.ofMillis(20);
    private static final int BATCH = 32;
    private static final String HEAP = "-Xmx112m";
    private static final Duration ACCEPTED_WITHIN = Duration.ofSeconds(30);
    private static final Duration COMPLETED_WITHIN = Duration.ofMinutes(30);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();

    @TempDir Path folder;

    @Test
    void everyCaptionComesOutOnceAndTheCountsAddUpAtEveryLook() throws Exception {
        ModelBundle model = TinyModel.write(folder.resolve("model"));
        try (Cluster cluster =
                        new Cluster(folder, model.directory(), Map.of("OMP_NUM_THREADS", "1"));
                GeneratorService generator =
                        new GeneratorService(
                                cluster.kafka(),
                                () -> new StandInDrawer(model.id(), DECODE_BATCH),
                                BATCH,
                                new SimpleMeterRegistry())) {
            List<String> services =
                    List.of("ingest-service", "encoder-worker", "decoder-worker", "rerank-service");
            for (String service : services) {
                cluster.start(service, service.equals("ingest-service") ? HEAP : "-Xmx256m");
            }
            services.forEach(cluster::awaitReady);
            generator.start();

            URI api = URI.create(cluster.url("ingest-service") + "/v1/");
            long start = System.nanoTime();
            String file = upload(api).get("id").textValue();
            JsonNode batch =
                    post(
                            api.resolve("batches"),
                            "application/json",
                            """
                            {"input_file_id":"%s","endpoint":"/v1/images/generations",
                             "completion_window":"24h","on_invalid":"skip"}"""
                                    .formatted(file));
            URI batchUri = api.resolve("batches/" + batch.get("id").textValue());
            await("accepted")
                    .atMost(ACCEPTED_WITHIN.minusNanos(System.nanoTime() - start))
                    .until(() -> !look(batchUri).get("status").asText().equals("validating"));
            double accepted = seconds(start);
            await("completed")
                    .atMost(COMPLETED_WITHIN)
                    .pollInterval(Duration.ofMillis(500))
                    .until(() -> look(batchUri).get("status").asText().equals("completed"));
            System.out.printf(
                    "%,d captions: accepted in %.1f s, completed in %.0f s%n",
                    CAPTIONS, accepted, seconds(start));

            batch = look(batchUri);
            assertThat(batch.get("request_counts").get("total").intValue()).isEqualTo(CAPTIONS);
            List<String> output = customIds(api, batch.get("output_file_id"));
            List<String> errors = customIds(api, batch.get("error_file_id"));
            assertThat(errors).hasSize(CAPTIONS / BAD);
            List<String> all = new ArrayList<>(output);
            all.addAll(errors);
            assertThat(all).doesNotHaveDuplicates();
            assertThat(new TreeSet<>(all))
                    .isEqualTo(
                            IntStream.range(0, CAPTIONS)
                                    .mapToObj(i -> "caption-" + i)
                                    .collect(Collectors.toCollection(TreeSet::new)));
            for (String service : services) {
                assertThat(get(URI.create(cluster.url(service) + "/q/metrics")))
                        .as("metrics of " + service)
                        .hasSizeLessThan(SCRAPE_BYTES)
                        .doesNotContainPattern("\\p{XDigit}{8}-\\p{XDigit}{4}-")
                        .contains("nocturne_stage_queue_seconds_bucket{");
            }
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    /** At every look the counts add up, and none goes back. */
    private JsonNode look(URI batch) throws IOException, InterruptedException {
        JsonNode json = JSON.readTree(get(batch));
        JsonNode counts = json.get("request_counts");
        int sum = 0;
        for (String part : List.of("completed", "failed", "cancelled", "expired", "in_flight")) {
            sum += counts.get(part).intValue();
        }
        assertThat(sum).isEqualTo(counts.get("total").intValue());
        assertThat(counts.get("completed").intValue()).isGreaterThanOrEqualTo(completedBefore);
        completedBefore = counts.get("completed").intValue();
        return json;
    }

    private int completedBefore;

    private JsonNode upload(URI api) throws IOException, InterruptedException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < CAPTIONS; i++) {
            lines.append(
                    i % BAD == BAD - 1
                            ? "{\"custom_id\":\"caption-%d\",\"prompt\":\"\"}\n".formatted(i)
                            : "{\"custom_id\":\"caption-%d\",\"prompt\":\"a red heart and %d stars\",\"candidates\":1,\"top\":1}\n"
                                    .formatted(i, i));
        }
        String form =
                """
                --boundary\r
                Content-Disposition: form-data; name="purpose"\r
                \r
                batch\r
                --boundary\r
                Content-Disposition: form-data; name="file"; filename="captions.jsonl"\r
                Content-Type: application/jsonl\r
                \r
                %s\r
                --boundary--\r
                """
                        .formatted(lines);
        return post(api.resolve("files"), "multipart/form-data; boundary=boundary", form);
    }

    private JsonNode post(URI uri, String type, String body)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(uri)
                        .header("Content-Type", type)
                        .POST(BodyPublishers.ofString(body))
                        .build();
        HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    private String get(URI uri) throws IOException, InterruptedException {
        HttpResponse<String> response =
                http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString(UTF_8));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    private List<String> customIds(URI api, JsonNode file)
            throws IOException, InterruptedException {
        List<String> customIds = new ArrayList<>();
        String content = get(api.resolve("files/%s/content".formatted(file.textValue())));
        for (String line : content.split("\n")) {
            customIds.add(JSON.readTree(line).get("custom_id").textValue());
        }
        return customIds;
    }
}
