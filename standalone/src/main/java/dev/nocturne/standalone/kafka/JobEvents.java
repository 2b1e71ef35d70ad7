package dev.nocturne.standalone.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.CaptionOwner;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/** Publishes captions as any Kafka producer can. */
public final class JobEvents {
    private JobEvents() {}

    /** Publishes captions that each are a job of its own: all of them or none. */
    public static void publish(KafkaSettings kafka, List<CaptionSubmitted> captions) {
        inTransaction(kafka, producer -> captions.forEach(caption -> send(producer, caption)));
    }

    /** Publishes a job and its captions: all of it or nothing. */
    public static void publish(
            KafkaSettings kafka, JobSubmitted job, List<CaptionSubmitted> captions) {
        inTransaction(
                kafka,
                producer -> {
                    send(producer, Topics.JOBS, job.getJobId(), job);
                    captions.forEach(caption -> send(producer, caption));
                });
    }

    /** The job a caption belongs to, named or of its own. */
    static String jobId(CaptionSubmitted caption) {
        return CaptionOwner.request(caption).getJobId();
    }

    private static void inTransaction(
            KafkaSettings kafka, Consumer<KafkaProducer<byte[], byte[]>> sends) {
        try {
            TopicAdmin.createMissing(kafka);
            try (KafkaProducer<byte[], byte[]> producer =
                    new KafkaProducer<>(
                            kafka.transactionalProducer("publish-" + UUID.randomUUID()))) {
                producer.initTransactions();
                producer.beginTransaction();
                sends.accept(producer);
                producer.commitTransaction();
            }
        } catch (TransientException | KafkaException e) {
            throw new CommandFailure(
                    "Kafka at %s does not take the captions (%s): start it with 'nocturne up', or name another with --bootstrap-servers"
                            .formatted(kafka.bootstrapServers(), e.getMessage()));
        }
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, CaptionSubmitted caption) {
        String jobId = jobId(caption);
        String requestId = Ids.requestId(jobId, caption.getCustomId());
        send(producer, Topics.CAPTIONS, Ids.key(jobId, requestId), caption);
    }

    private static <T extends SpecificRecord> void send(
            KafkaProducer<byte[], byte[]> producer, Topic<T> topic, String key, T event) {
        producer.send(
                new ProducerRecord<>(topic.name(), key.getBytes(UTF_8), EventCodec.encode(event)));
    }
}
