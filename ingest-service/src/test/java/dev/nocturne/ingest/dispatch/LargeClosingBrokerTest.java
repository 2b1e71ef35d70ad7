package dev.nocturne.ingest.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The files of a large job are written, which takes minutes, when a small one ends. Runs if {@code
 * -Dtest.closing} says how many lines the large one has.
 */
@EnabledIfSystemProperty(named = "test.closing", matches = "\\d+")
class LargeClosingBrokerTest {

    private static final int LINES = Integer.getInteger("test.closing", 0);
    private static final int SMALL = 10;
    private static final int TIMES = 5;
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration LONGEST = Duration.ofSeconds(2);

    @TempDir Path folder;

    @Test
    @Timeout(3_600)
    void aSmallJobIsClosedWithinTwoSeconds() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("kafka"), 0);
                EmbeddedObjectStore objects =
                        EmbeddedObjectStore.start(folder.resolve("objects"), 0)) {
            KafkaSettings kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
            ObjectStore store =
                    ObjectStore.open(
                            new ObjectStoreSettings(
                                    objects.endpoint(),
                                    "us-east-1",
                                    objects.accessKey(),
                                    objects.secretKey(),
                                    "nocturne"));
            try (IngestService ingest =
                            Ingest.service(
                                    kafka, store, new SimpleMeterRegistry(), Clock.systemUTC());
                    KafkaProducer<byte[], byte[]> producer =
                            new KafkaProducer<>(kafka.producer())) {
                ingest.start();
                await().atMost(PATIENCE).until(() -> ingest.health().ready());
                String large = submit(ingest, LINES);
                finish(producer, large, LINES);
                await("all results are counted")
                        .atMost(PATIENCE)
                        .until(() -> status(ingest, large) == Job.Status.FINALIZING);

                for (int i = 0; i < TIMES; i++) {
                    String small = submit(ingest, SMALL);
                    finish(producer, small, SMALL);
                    long start = System.nanoTime();
                    await().pollInterval(Duration.ofMillis(10))
                            .atMost(PATIENCE)
                            .until(() -> status(ingest, small) == Job.Status.COMPLETED);
                    Duration took = Duration.ofNanos(System.nanoTime() - start);
                    System.out.printf(
                            "%d lines, closed after %d ms, beside %,d lines: %s%n",
                            SMALL, took.toMillis(), LINES, status(ingest, large));
                    assertThat(status(ingest, large))
                            .as("or the measurement says nothing")
                            .isEqualTo(Job.Status.FINALIZING);
                    assertThat(took).isLessThan(LONGEST);
                }
            }
        }
    }

    private static Job.Status status(IngestService ingest, String id) {
        return ingest.api().jobs().job(id).status();
    }

    private static String submit(IngestService ingest, int lines) throws IOException {
        byte[] file = "{\"prompt\":\"a red heart\"}\n".repeat(lines).getBytes(UTF_8);
        CaptionUpload upload = new CaptionUpload(new ByteArrayInputStream(file), null, Map.of());
        return ingest.api().jobs().submit(upload, null, "http://localhost/").job().id();
    }

    private static void finish(KafkaProducer<byte[], byte[]> producer, String id, int lines) {
        for (int i = 1; i <= lines; i++) {
            String customId = "line-%d".formatted(i);
            producer.send(
                    new ProducerRecord<>(
                            Topics.RESULTS.name(),
                            Ids.key(id, Ids.requestId(id, customId)).getBytes(UTF_8),
                            EventCodec.encode(JobStateTest.completed(id, customId, i))));
        }
        producer.flush();
    }
}
