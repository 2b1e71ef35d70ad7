package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobStopped;
import dev.nocturne.events.StopReason;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoppedJobsBrokerTest {

    private static final Duration LONG = Duration.ofMinutes(1);

    @TempDir Path dataDir;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @Test
    void recordsThatAreNoEventsAreCountedAndPassedOver() {
        try (EmbeddedBroker broker = EmbeddedBroker.start(dataDir, 0)) {
            KafkaSettings kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
            TopicAdmin.createMissing(kafka);
            try (Producer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
                producer.send(new ProducerRecord<>(Topics.JOB_EVENTS.name(), null));
                producer.send(record("no event".getBytes(UTF_8)));
                producer.send(record(stopped("../etc")));
                producer.send(record(stopped("job-1")));
            }
            try (StoppedJobs jobs = new StoppedJobs(kafka, meters)) {
                jobs.start();
                await().atMost(LONG).until(() -> jobs.contains("job-1"));
                await().atMost(LONG).until(() -> jobs.health().ready());
                assertThat(jobs.health().message()).isEqualTo("job events: followed");
                assertThat(jobs.contains("../etc")).isFalse();
                assertThat(meters.get("nocturne.records.skipped").counter().count()).isEqualTo(3);
            }
        }
    }

    private static ProducerRecord<byte[], byte[]> record(byte[] value) {
        return new ProducerRecord<>(Topics.JOB_EVENTS.name(), value);
    }

    private static byte[] stopped(String jobId) {
        return EventCodec.encode(
                new JobEvent(jobId, Instant.EPOCH, new JobStopped(StopReason.CANCELLED)));
    }
}
