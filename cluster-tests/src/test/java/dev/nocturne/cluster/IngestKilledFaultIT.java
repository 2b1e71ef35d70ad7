package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
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
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ingest is killed again and again while it releases the captions of a batch. */
class IngestKilledFaultIT {
    private static final int CAPTIONS = 5_000;
    private static final String INGEST = "ingest-service";
    private static final int PARTITIONS = 6;
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
            try (StandIn workers = new StandIn(cluster.kafka())) {
                for (int released : new int[] {1, 500, 2_000}) {
                    await("captions are on their way")
                            .atMost(PATIENCE)
                            .pollInterval(Duration.ofMillis(20))
                            .until(() -> recordsOfUnknownFate(cluster) > released / PARTITIONS);
                    cluster.service(INGEST).kill();
                    cluster.start(INGEST);
                    cluster.awaitReady(INGEST);
                }
                await("the batch is painted")
                        .atMost(PATIENCE)
                        .until(
                                () ->
                                        counts(cluster, batch).get("completed").intValue()
                                                == CAPTIONS);
            }
            assertThat(counts(cluster, batch).get("total").intValue()).isEqualTo(CAPTIONS);
            assertThat(TopicReader.events(cluster.kafka(), Topics.CAPTIONS))
                    .extracting(CaptionSubmitted::getCustomId)
                    .doesNotHaveDuplicates()
                    .hasSize(CAPTIONS);
        }
    }

    /** For all that comes behind ingest: every caption is finished at once. */
    private static final class StandIn implements AutoCloseable {
        private final KafkaSettings kafka;
        private final Thread thread = new Thread(this::run, "stand-in");
        private volatile boolean closed;

        StandIn(KafkaSettings kafka) {
            this.kafka = kafka;
            thread.start();
        }

        private void run() {
            try (KafkaConsumer<byte[], byte[]> consumer =
                            new KafkaConsumer<>(kafka.consumer("stand-in"));
                    KafkaProducer<byte[], byte[]> producer =
                            new KafkaProducer<>(kafka.producer())) {
                consumer.subscribe(List.of(Topics.CAPTIONS.name()));
                while (!closed) {
                    for (ConsumerRecord<byte[], byte[]> record :
                            consumer.poll(Duration.ofMillis(100))) {
                        producer.send(
                                new ProducerRecord<>(
                                        Topics.RESULTS.name(),
                                        record.key(),
                                        EventCodec.encode(result(record.value()))));
                    }
                }
            }
        }

        private static RequestFinished result(byte[] value) {
            CaptionSubmitted caption = EventCodec.decode(CaptionSubmitted.class, value);
            return new RequestFinished(
                    new RequestRef(
                            caption.getJobId(),
                            Ids.requestId(caption.getJobId(), caption.getCustomId()),
                            caption.getCustomId(),
                            caption.getCaption()),
                    RequestStatus.COMPLETED,
                    List.of(),
                    null,
                    Instant.now());
        }

        @Override
        public void close() throws InterruptedException {
            closed = true;
            thread.join();
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
