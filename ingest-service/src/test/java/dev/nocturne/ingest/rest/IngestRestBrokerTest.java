package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The API as its users see it, over HTTP. */
@QuarkusTest
@QuarkusTestResource(EmbeddedServers.class)
class IngestRestBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TestHTTPResource("/")
    URI root;

    @ConfigProperty(name = "nocturne.kafka.bootstrap-servers")
    String bootstrapServers;

    private final HttpClient http = HttpClient.newHttpClient();

    @BeforeEach
    void awaitReady() {
        await().atMost(PATIENCE).until(() -> get("q/health/ready").statusCode() == 200);
    }

    @Test
    void aJobFromSubmissionToResults() throws Exception {
        HttpResponse<String> accepted = post("{\"custom_id\":\"x\",\"prompt\":\"a red heart\"}");
        assertThat(accepted.statusCode()).isEqualTo(202);
        JsonNode job = JSON.readTree(accepted.body());
        String id = job.get("id").textValue();
        assertThat(accepted.headers().firstValue("location"))
                .hasValueSatisfying(location -> assertThat(location).endsWith("/v1/jobs/" + id));
        assertThat(job.get("status").textValue()).isEqualTo("in_progress");
        assertThat(job.get("counts").toString())
                .isEqualTo("{\"total\":1,\"completed\":0,\"failed\":0,\"cancelled\":0,\"expired\":0,\"in_progress\":1}");
        assertThat(Instant.parse(job.get("submitted_at").textValue())).isBefore(Instant.now());
        assertThat(job.get("eta_seconds").isNull()).isTrue();

        finish(id, "x");

        await().atMost(PATIENCE)
                .until(() -> json("v1/jobs/" + id).get("status").asText().equals("completed"));
        assertThat(json("v1/jobs").findValuesAsText("id")).contains(id);
        JsonNode result = json("v1/jobs/" + id + "/results").get(0);
        assertThat(result.get("custom_id").textValue()).isEqualTo("x");
        assertThat(result.get("status").textValue()).isEqualTo("completed");
        assertThat(result.get("images").get(0).get("seed").longValue())
                .isEqualTo(Long.MAX_VALUE - 1);
        assertThat(result.get("images").get(0).get("log_probability").doubleValue())
                .isEqualTo(-7.5);
    }

    @Test
    void aBadFileIsRefusedWithItsLines() throws Exception {
        HttpResponse<String> refused = post("{\"prompt\":\"a\"}\n{\"prompt\":\"b\",\"size\":1}");

        assertThat(refused.statusCode()).isEqualTo(400);
        JsonNode error = JSON.readTree(refused.body()).get("errors").get(0);
        assertThat(error.get("line").intValue()).isEqualTo(2);
        assertThat(error.get("param").textValue()).isEqualTo("size");
        assertThat(error.get("code").textValue()).isEqualTo("unknown_field");
        assertThat(error.get("message").textValue()).startsWith("unknown field 'size'");
    }

    @Test
    void aFileThatIsTooLargeIsRefused() throws Exception {
        HttpResponse<String> refused = post("a".repeat(3 << 20));

        assertThat(refused.statusCode()).isEqualTo(413);
        assertThat(refused.body()).contains("\"code\":\"too_large\"");
    }

    @Test
    void anUnknownJobIsNotFound() throws Exception {
        for (String path : List.of("v1/jobs/nope", "v1/jobs/nope/results")) {
            HttpResponse<String> response = get(path);
            assertThat(response.statusCode()).isEqualTo(404);
            assertThat(response.body()).contains("\"code\":\"unknown_job\"");
        }
    }

    @Test
    void lagIsReportedByStageAndUnderTheNamesThatDashboardsExpect() throws Exception {
        await().atMost(PATIENCE).until(() -> get("v1/lag").statusCode() == 200);

        assertThat(json("v1/lag").get("stages").findValuesAsText("stage"))
                .containsExactly("encoder", "generator", "scorer", "rerank", "publisher");
        assertThat(get("q/metrics").body())
                .contains(
                        "kafka_consumergroup_group_lag{cluster_name=",
                        "kafka_consumergroup_group_lag_seconds{cluster_name=",
                        "kafka_consumergroup_group_max_lag{cluster_name=",
                        "kafka_consumergroup_group_max_lag_seconds{cluster_name=",
                        "kafka_consumergroup_group_sum_lag{cluster_name=",
                        "nocturne_stage_backlog{stage=\"encoder\"}",
                        "nocturne_stage_rate_per_second{stage=\"encoder\"}",
                        "nocturne_stage_drain_seconds{stage=\"encoder\"}");
    }

    private void finish(String job, String customId) {
        String requestId = Ids.requestId(job, customId);
        RequestFinished event =
                new RequestFinished(
                        new RequestRef(job, requestId, customId, "a red heart"),
                        RequestStatus.COMPLETED,
                        List.of(
                                new StoredImage(
                                        1, "k", "00ff", 9L, 3, Long.MAX_VALUE - 1, 0.5f, -7.5)),
                        null,
                        Instant.now());
        KafkaSettings kafka = new KafkaSettings(bootstrapServers, Map.of());
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            producer.send(
                    new ProducerRecord<>(
                            Topics.RESULTS.name(),
                            Ids.key(job, requestId).getBytes(UTF_8),
                            EventCodec.encode(event)));
        }
    }

    private JsonNode json(String path) throws IOException, InterruptedException {
        return JSON.readTree(get(path).body());
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(root.resolve(path)).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String jsonl) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(root.resolve("v1/jobs"))
                        .header("content-type", "application/jsonl")
                        .POST(HttpRequest.BodyPublishers.ofString(jsonl))
                        .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
