package dev.nocturne.ingest.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.ingest.MovableClock;
import dev.nocturne.ingest.lag.TopicOffsets;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TopicReader;
import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HangingTransactionBrokerTest of cluster-tests has one that a coordinator has ended. */
class TransactionWatchBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration LOOK = Duration.ofMillis(500);

    /** More looks than end one. */
    private static final int LOOKS = 5;

    private static final TopicPartition TASKS =
            new TopicPartition(Topics.GENERATION_TASKS.name(), 2);

    /** Where the group's are: the broker has four. */
    private static final TopicPartition POSITIONS =
            new TopicPartition("__consumer_offsets", Math.abs("generator".hashCode()) % 4);

    @TempDir Path folder;
    private EmbeddedBroker broker;
    private KafkaSettings kafka;
    private final AtomicInteger looks = new AtomicInteger();

    @BeforeEach
    void start() {
        broker = EmbeddedBroker.start(folder.resolve("kafka"), 0);
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        TopicAdmin.createMissing(kafka);
    }

    @AfterEach
    void end() {
        broker.close();
    }

    @Test
    void oneThatNoCoordinatorKnowsIsEndedOnceItIsOlderThanAnyCanBe() throws Exception {
        try (Admin admin = Admin.create(kafka.admin());
                KafkaProducer<byte[], byte[]> producer = producer("worker")) {
            producer.beginTransaction();
            send(producer, TASKS, "of the dead");
            producer.flush();
            admin.deleteTopics(List.of("__transaction_state")).all().get();
            try (TransactionWatch watch = watch(Duration.ofMinutes(15))) {
                awaitLooks();
                assertThat(isReadable(TASKS)).as("it may be hidden from us").isFalse();
            }
            try (TransactionWatch watch = watch(LOOK)) {
                await().atMost(PATIENCE).until(() -> isReadable(TASKS));
            }
            assertThat(read(TASKS)).isEmpty();
            producer.close(Duration.ZERO);
        }
    }

    /** A group's next member would wait for its positions for ever. */
    @Test
    void oneOverPositionsOfAGroupIsEndedToo() throws Exception {
        try (Admin admin = Admin.create(kafka.admin());
                KafkaProducer<byte[], byte[]> producer = producer("worker");
                KafkaProducer<byte[], byte[]> other = producer("other worker")) {
            for (KafkaProducer<byte[], byte[]> dead : List.of(producer, other)) {
                dead.beginTransaction();
                dead.sendOffsetsToTransaction(
                        Map.of(TASKS, new OffsetAndMetadata(7)),
                        new ConsumerGroupMetadata("generator"));
            }
            assertThat(isReadable(POSITIONS)).isFalse();
            admin.deleteTopics(List.of("__transaction_state")).all().get();
            try (TransactionWatch watch = watch(LOOK)) {
                await().atMost(PATIENCE).until(() -> isReadable(POSITIONS));
                assertThat(watch.health().message()).isEmpty();
            }
            assertThat(
                            admin.listConsumerGroupOffsets(
                                            "generator",
                                            new ListConsumerGroupOffsetsOptions()
                                                    .requireStable(true))
                                    .partitionsToOffsetAndMetadata()
                                    .get())
                    .isEmpty();
            producer.close(Duration.ZERO);
            other.close(Duration.ZERO);
        }
    }

    @Test
    void oneThatIsUnderWayIsLeftAlone() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("slow");
                TransactionWatch watch = watch(Duration.ZERO)) {
            producer.beginTransaction();
            send(producer, TASKS, "slow");
            producer.flush();
            awaitLooks();
            producer.commitTransaction();
            await().atMost(PATIENCE).until(() -> isReadable(TASKS));
            assertThat(watch.health().message()).isEmpty();
        }
        assertThat(read(TASKS)).containsExactly("slow");
    }

    private TransactionWatch watch(Duration longest) {
        TransactionWatch watch =
                new TransactionWatch(
                        kafka, new LookCounter(looks), new TransactionWatch.Timing(LOOK, longest));
        watch.start();
        return watch;
    }

    private void awaitLooks() {
        int before = looks.get();
        await().atMost(PATIENCE).until(() -> looks.get() >= before + LOOKS);
    }

    private KafkaProducer<byte[], byte[]> producer(String transactionalId) {
        KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(kafka.transactionalProducer(transactionalId));
        producer.initTransactions();
        return producer;
    }

    private static void send(
            KafkaProducer<byte[], byte[]> producer, TopicPartition partition, String text) {
        producer.send(
                new ProducerRecord<>(
                        partition.topic(), partition.partition(), null, text.getBytes(UTF_8)));
    }

    private boolean isReadable(TopicPartition partition) throws InterruptedException {
        try (Admin admin = Admin.create(kafka.admin())) {
            return !TopicOffsets.ask(admin, List.of(partition.topic())).of(partition).isHeldUp();
        }
    }

    private List<String> read(TopicPartition partition) {
        List<String> read = new ArrayList<>();
        try (TopicReader reader =
                new TopicReader(
                        kafka.consumer(),
                        "a test",
                        List.of(partition.topic()),
                        TopicReader.Start.BEGINNING)) {
            reader.readToEnd(record -> read.add(new String(record.value(), UTF_8)));
        }
        return read;
    }

    /** Asked the time once a look. */
    private static final class LookCounter extends MovableClock {

        private final AtomicInteger looks;

        LookCounter(AtomicInteger looks) {
            this.looks = looks;
        }

        @Override
        public Instant instant() {
            looks.incrementAndGet();
            return super.instant();
        }
    }
}
