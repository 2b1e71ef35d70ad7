package dev.nocturne.runtime;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The model bundle that the pipeline works with: what the last encoder said. Of one thread. */
final class DeployedBundle implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DeployedBundle.class);

    private final KafkaSettings kafka;
    private final TopicReader reader;
    private BundleDeployed last; // null: no encoder has said it

    DeployedBundle(KafkaSettings kafka) {
        this.kafka = kafka;
        reader =
                new TopicReader(
                        kafka,
                        "the log of deployments",
                        Topics.DEPLOYMENTS,
                        TopicReader.Start.BEGINNING);
    }

    /** As far as it is known without waiting; empty: no encoder has said it. */
    Optional<String> current() {
        try {
            reader.poll(Duration.ZERO, this::read);
        } catch (KafkaException e) {
            LOG.debug("deployments not read: {}", e.getMessage());
        }
        return model();
    }

    private Optional<String> model() {
        return Optional.ofNullable(last).map(BundleDeployed::getModel);
    }

    /** As far as it was read last: pixels along each side of its pictures; none: not known. */
    List<Integer> sizes() {
        return last == null ? List.of() : last.getSizes();
    }

    /**
     * As it is now.
     *
     * @throws TransientException if the brokers do not tell
     */
    Optional<String> latest() {
        try {
            reader.readToEnd(this::read);
            return model();
        } catch (KafkaException e) {
            throw new TransientException(
                    "which model is deployed cannot be read: " + e.getMessage(), e);
        }
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        try {
            last = EventCodec.decode(BundleDeployed.class, record.value());
        } catch (MalformedEventException e) {
            LOG.warn("skipped {}@{}: {}", record.topic(), record.offset(), e.getMessage());
        }
    }

    /**
     * Says that it is this one from now on.
     *
     * @throws TransientException if the brokers do not confirm it
     */
    void announce(BundleDeployed bundle) {
        byte[] event = EventCodec.encode(bundle);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            producer.send(new ProducerRecord<>(Topics.DEPLOYMENTS.name(), event)).get();
        } catch (KafkaException | ExecutionException e) {
            throw new TransientException(
                    "that model %s is deployed is not confirmed: %s"
                            .formatted(bundle.getModel(), e.getMessage()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TransientException("interrupted", e);
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
