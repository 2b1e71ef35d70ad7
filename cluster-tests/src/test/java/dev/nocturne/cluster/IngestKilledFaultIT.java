package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ingest is killed in the middle of the transaction that starts a batch, and once more later. */
class IngestKilledFaultIT {
    private static final int CAPTIONS = 20_000;
    private static final String INGEST = "ingest-service";
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();

    @TempDir Path folder;

    @Test
    void everyCaptionIsPublishedOnce() throws Exception {
        try (Cluster cluster = new Cluster(folder, folder, Map.of())) {
            cluster.start(INGEST);
            cluster.awaitReady(INGEST);
            String batch = create(cluster, upload(cluster));
            await("captions are on their way")
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> recordsOfUnknownFate(cluster) > 0);
            cluster.service(INGEST).kill();

            cluster.start(INGEST);
            cluster.awaitReady(INGEST);
            await("the batch is started")
                    .atMost(PATIENCE)
                    .until(() -> counts(cluster, batch).get("total").intValue() == CAPTIONS);
            cluster.service(INGEST).kill();

            cluster.start(INGEST);
            cluster.awaitReady(INGEST);
            assertThat(counts(cluster, batch).get("in_flight").intValue()).isEqualTo(CAPTIONS);
            assertThat(TopicReader.events(cluster.kafka(), Topics.CAPTIONS))
                    .extracting(CaptionSubmitted::getCustomId)
                    .doesNotHaveDuplicates()
                    .hasSize(CAPTIONS);
        }
    }

    /** Committed or not. */
    private static long recordsOfUnknownFate(Cluster cluster) throws Exception {
        try (Admin admin = Admin.create(cluster.kafka().admin())) {
            return admin.listOffsets(
                            Map.of(
                                    new TopicPartition(Topics.CAPTIONS.name(), 0),
                                    OffsetSpec.latest()))
                    .all()
                    .get()
                    .values()
                    .iterator()
                    .next()
                    .offset();
        }
    }

    private String upload(Cluster cluster) throws IOException, InterruptedException {
        StringBuilder form =
                new StringBuilder(
                        """
                        --b\r
                        Content-Disposition: form-data; name="purpose"\r
                        \r
                        batch\r
                        --b\r
                        Content-Disposition: form-data; name="file"; filename="captions.jsonl"\r
                        \r
                        """);
        for (int i = 0; i < CAPTIONS; i++) {
            form.append("{\"custom_id\":\"%d\",\"prompt\":\"a red heart\"}\n".formatted(i));
        }
        form.append("\r\n--b--\r\n");
        return send(HttpRequest.newBuilder(uri(cluster, "files"))
                        .header("Content-Type", "multipart/form-data; boundary=b")
                        .POST(BodyPublishers.ofString(form.toString())))
                .get("id")
                .textValue();
    }

    private String create(Cluster cluster, String file) throws IOException, InterruptedException {
        String body =
                """
                {"input_file_id":"%s","endpoint":"/v1/images/generations","completion_window":"24h"}"""
                        .formatted(file);
        return send(HttpRequest.newBuilder(uri(cluster, "batches"))
                        .POST(BodyPublishers.ofString(body)))
                .get("id")
                .textValue();
    }

    private JsonNode counts(Cluster cluster, String batch)
            throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(uri(cluster, "batches/" + batch))).get("request_counts");
    }

    private static URI uri(Cluster cluster, String path) {
        return URI.create(cluster.url(INGEST) + "/v1/" + path);
    }

    private JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = http.send(request.build(), BodyHandlers.ofString(UTF_8));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }
}
