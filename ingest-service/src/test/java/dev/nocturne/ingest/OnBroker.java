package dev.nocturne.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A broker of its own for each test, with a producer, beside a bucket in memory. */
public abstract class OnBroker {
    @TempDir public Path folder;

    EmbeddedBroker broker;
    public KafkaSettings kafka;
    public KafkaProducer<byte[], byte[]> producer;
    public final MemoryStore store = new MemoryStore();

    @BeforeEach
    final void startBroker() {
        broker = EmbeddedBroker.start(folder.resolve("kafka"), 0);
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        producer = new KafkaProducer<>(kafka.producer());
    }

    /**
     * Sends an event, and returns when the broker has it.
     *
     * @param key null: none
     */
    protected final <T extends SpecificRecord> void send(Topic<T> topic, String key, T event) {
        byte[] bytes = key == null ? null : key.getBytes(UTF_8);
        producer.send(new ProducerRecord<>(topic.name(), bytes, EventCodec.encode(event)));
        producer.flush();
    }

    /** Sends a result, as the publisher does. */
    protected final void finish(RequestFinished event) {
        RequestRef request = event.getRequest();
        send(Topics.RESULTS, Ids.key(request.getJobId(), request.getRequestId()), event);
    }

    @AfterEach
    final void closeBroker() {
        producer.close();
        broker.close();
    }
}
