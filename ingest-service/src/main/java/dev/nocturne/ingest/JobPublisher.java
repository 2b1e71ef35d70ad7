package dev.nocturne.ingest;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/** Publishes a job and all its captions in one transaction: readers see all of it or nothing. */
final class JobPublisher implements AutoCloseable {

    /** Room for the largest job on a slow broker. */
    private static final int TRANSACTION_TIMEOUT_MILLIS = 60_000;

    private final Map<String, Object> config;
    private Producer<byte[], byte[]> producer; // null until first used; guarded by this

    JobPublisher(KafkaSettings kafka) {
        config = kafka.transactionalProducer("ingest-" + UUID.randomUUID());
        config.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MILLIS);
    }

    /**
     * @throws IngestException UNAVAILABLE if the brokers do not take the job
     */
    synchronized void publish(JobSubmitted job, List<CaptionSubmitted> captions) {
        boolean committing = false;
        try {
            Producer<byte[], byte[]> open = producer();
            open.beginTransaction();
            open.send(message(Topics.JOBS, job.getJobId(), job));
            for (CaptionSubmitted caption : captions) {
                String requestId = Ids.requestId(job.getJobId(), caption.getCustomId());
                open.send(message(Topics.CAPTIONS, Ids.key(job.getJobId(), requestId), caption));
            }
            committing = true;
            open.commitTransaction();
        } catch (KafkaException e) {
            // its outcome may be unknown, so this producer is not used again
            close();
            String remedy =
                    committing
                            ? "look for job %s in GET /v1/jobs before you submit it again"
                                    .formatted(job.getJobId())
                            : "nothing was submitted, try again later";
            throw IngestException.unavailable(
                    "Kafka did not confirm the job (%s): %s".formatted(e.getMessage(), remedy), e);
        }
    }

    private Producer<byte[], byte[]> producer() {
        if (producer == null) {
            producer = new KafkaProducer<>(config);
            producer.initTransactions();
        }
        return producer;
    }

    private static <T extends SpecificRecord> ProducerRecord<byte[], byte[]> message(
            Topic<T> topic, String key, T event) {
        return new ProducerRecord<>(
                topic.name(), key.getBytes(StandardCharsets.UTF_8), EventCodec.encode(event));
    }

    /** An open transaction is aborted by the brokers when the next producer starts. */
    @Override
    public synchronized void close() {
        if (producer != null) {
            producer.close(Duration.ZERO);
            producer = null;
        }
    }
}
