package dev.nocturne.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.Topics;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

/** What a test reads is all that is committed, also where a transaction is about to end. */
class PublishedBrokerTest extends OnBroker {

    private List<byte[]> readBeforeTheEnd(Consumer<KafkaProducer<byte[], byte[]>> end) {
        TopicAdmin.createMissing(kafka);
        Map<String, Object> config = new HashMap<>(kafka.producer());
        config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "test");
        try (KafkaProducer<byte[], byte[]> writer = new KafkaProducer<>(config)) {
            writer.initTransactions();
            writer.beginTransaction();
            writer.send(
                    new ProducerRecord<>(Topics.JOBS.name(), 0, null, "record".getBytes(UTF_8)));
            writer.flush();
            CompletableFuture<List<byte[]>> read =
                    CompletableFuture.supplyAsync(() -> Published.values(Topics.JOBS, kafka));
            end.accept(writer);
            return read.join();
        }
    }

    @Test
    void aTransactionThatIsAboutToBeCommittedIsWaitedFor() {
        assertThat(readBeforeTheEnd(KafkaProducer::commitTransaction))
                .containsExactly("record".getBytes(UTF_8));
    }

    @Test
    void ofOneThatIsAbortedNothingIsRead() {
        assertThat(readBeforeTheEnd(KafkaProducer::abortTransaction)).isEmpty();
    }
}
