package dev.nocturne.ingest;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.runtime.KafkaSettings;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
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

    @AfterEach
    final void closeBroker() {
        producer.close();
        broker.close();
    }
}
