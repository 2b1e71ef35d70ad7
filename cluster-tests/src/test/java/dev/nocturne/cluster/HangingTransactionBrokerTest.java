package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.ingest.dispatch.TransactionWatch;
import dev.nocturne.ingest.lag.TopicOffsets;
import dev.nocturne.rerank.RerankService;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicAdmin;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A broker that dies alone in the middle of a transaction of rerank may forget to tell a changelog
 * of its end, after which Kafka Streams restores for ever.
 */
class HangingTransactionBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final TopicPartition CHANGELOG =
            new TopicPartition("rerank-pending-candidates-changelog", 2);

    @TempDir Path folder;

    @Test
    void rerankGoesOnFromAChangelogWhoseTransactionOnlyItsCoordinatorHasEnded() throws Exception {
        Path data = folder.resolve("kafka");
        Path log = data.resolve(CHANGELOG.toString());
        Path open = folder.resolve("open");
        try (EmbeddedBroker broker = EmbeddedBroker.start(data, 0)) {
            KafkaSettings kafka = settings(broker);
            TopicAdmin.createMissing(kafka);
            try (RerankService first = rerank(kafka, "first")) {
                await().atMost(PATIENCE).until(() -> first.health().ready());
            }
            try (KafkaProducer<byte[], byte[]> producer =
                    new KafkaProducer<>(kafka.transactionalProducer("dead"))) {
                producer.initTransactions();
                producer.beginTransaction();
                byte[] bytes = "of the dead".getBytes(UTF_8);
                producer.send(
                        new ProducerRecord<>(
                                CHANGELOG.topic(), CHANGELOG.partition(), bytes, bytes));
                producer.flush();
                copy(log, open);
                producer.abortTransaction();
                await().atMost(PATIENCE).until(() -> isReadable(kafka));
            }
        }
        copy(open, log);
        // as after a death: else the broker takes it that no transaction is open
        Files.delete(data.resolve(".kafka_cleanshutdown"));
        try (EmbeddedBroker broker = EmbeddedBroker.start(data, 0)) {
            KafkaSettings kafka = settings(broker);
            assertThat(isReadable(kafka)).isFalse();
            try (RerankService next = rerank(kafka, "next");
                    TransactionWatch watch =
                            new TransactionWatch(
                                    kafka, Clock.systemUTC(), TransactionWatch.Timing.DEFAULT)) {
                watch.start();
                await().atMost(PATIENCE).until(() -> next.health().ready());
                assertThat(isReadable(kafka)).isTrue();
                assertThat(watch.health().message()).isEmpty();
            }
        }
    }

    private static KafkaSettings settings(EmbeddedBroker broker) {
        return new KafkaSettings(broker.bootstrapServers(), Map.of());
    }

    /** With a state of its own, which it restores. */
    private RerankService rerank(KafkaSettings kafka, String name) {
        RerankService service =
                new RerankService(kafka, folder.resolve(name), new SimpleMeterRegistry());
        service.start();
        return service;
    }

    private static boolean isReadable(KafkaSettings kafka) throws InterruptedException {
        try (Admin admin = Admin.create(kafka.admin())) {
            return !TopicOffsets.ask(admin, List.of(CHANGELOG.topic())).of(CHANGELOG).isHeldUp();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (Path old : files(to)) {
            Files.delete(old);
        }
        for (Path file : files(from)) {
            Files.copy(file, to.resolve(file.getFileName()));
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
