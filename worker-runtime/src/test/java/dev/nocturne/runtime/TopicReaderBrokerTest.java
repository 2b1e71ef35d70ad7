package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.runtime.TopicReader.Start;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is read of real topics, once each, whatever happens meanwhile. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TopicReaderBrokerTest {

    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    @TempDir static Path folder;
    private static EmbeddedBroker broker;
    private static KafkaSettings kafka;
    private static Admin admin;
    private static Producer<byte[], byte[]> producer;

    private String topic;
    private TopicPartition first;
    private TopicPartition second;

    @BeforeAll
    static void startBroker() {
        broker = EmbeddedBroker.start(folder, 0);
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        admin = Admin.create(kafka.admin());
        producer = new KafkaProducer<>(kafka.transactionalProducer("test"));
        producer.initTransactions();
    }

    @AfterAll
    static void stopBroker() {
        producer.close();
        admin.close();
        broker.close();
    }

    @BeforeEach
    void createTopic(TestInfo test) throws Exception {
        topic = test.getTestMethod().orElseThrow().getName();
        first = new TopicPartition(topic, 0);
        second = new TopicPartition(topic, 1);
        create(admin, topic, 2);
    }

    private static void create(Admin admin, String topic, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), Optional.empty())))
                .all()
                .get();
    }

    @Test
    void whatIsThereIsReadOnceWithoutWhatWasAborted() {
        committed(first, "a", "b");
        aborted(first, "gone");
        committed(second, "c");
        aborted(second, "gone");
        List<String> read = new ArrayList<>();
        List<String> told = new ArrayList<>();
        try (TopicReader reader = reader(Start.BEGINNING)) {
            Map<TopicPartition, Long> ends =
                    reader.readToEnd(into(read), (done, total) -> told.add(done + " of " + total));
            assertThat(read).containsExactlyInAnyOrder("a", "b", "c");
            assertThat(ends).containsEntry(first, 5L).containsEntry(second, 4L);
            assertThat(told).last().isEqualTo("9 of 9");

            committed(first, "d");
            reader.readRange(first, 1, 2, record -> assertThat(text(record)).isEqualTo("b"));
            reader.readToEnd(into(read));
            assertThat(read).hasSize(4).endsWith("d");

            reader.restart();
            reader.readToEnd(into(read));
            assertThat(read).hasSize(8);
        }
    }

    @Test
    void whatHandlersBreakOffAtComesAgain() {
        committed(first, "a", "b", "c");
        List<String> read = new ArrayList<>();
        try (TopicReader reader = reader(Start.BEGINNING)) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(
                            () ->
                                    reader.readToEnd(
                                            record -> {
                                                if (text(record).equals("b")) {
                                                    throw new IOException("the disk is full");
                                                }
                                                read.add(text(record));
                                            }));
            reader.readToEnd(into(read));
        }
        assertThat(read).containsExactly("a", "b", "c");
    }

    @Test
    void rangesAndOffsetsAreReadAsFarAsTheyAreThere() {
        committed(first, "a", "b"); // offsets 0 and 1, and a marker
        aborted(first, "gone"); // offset 3
        committed(first, "c", "d"); // offsets 5 and 6
        committed(second, "e");
        try (TopicReader reader = reader(Start.BEGINNING)) {
            assertThat(reader.beginning(first)).isZero();
            assertThat(reader.end(first)).isEqualTo(8);

            List<String> range = new ArrayList<>();
            reader.readRange(first, 1, 6, into(range));
            reader.readRange(first, 3, 5, into(range));
            reader.readRange(first, 6, 6, into(range));
            assertThat(range).containsExactly("b", "c");

            List<String> some = new ArrayList<>();
            reader.readOffsets(Map.of(first, Set.of(0L, 3L, 6L), second, Set.of(0L)), into(some));
            assertThat(some).containsExactlyInAnyOrder("a", "d", "e");
        }
    }

    @Test
    void offsetsThatLieFarApartAreSoughtOut() {
        String[] many = new String[3_000];
        for (int i = 0; i < many.length; i++) {
            many[i] = "record-" + i;
        }
        committed(first, many);
        List<String> some = new ArrayList<>();
        try (TopicReader reader = reader(Start.BEGINNING)) {
            reader.readOffsets(Map.of(first, Set.of(1L, 2_998L)), into(some));
        }
        assertThat(some).containsExactly("record-1", "record-2998");
    }

    @Test
    void readingBeginsWhereItIsSaid() {
        committed(first, NOON.minusSeconds(1), "before");
        committed(first, NOON, "since");
        committed(second, NOON.minusSeconds(1), "before, too");
        List<String> since = new ArrayList<>();
        List<String> later = new ArrayList<>();
        try (TopicReader fromNoon = reader(Start.since(NOON));
                TopicReader fromEnd = reader(Start.END)) {
            fromEnd.readToEnd(into(later));
            fromNoon.readToEnd(into(since));
            assertThat(since).containsExactly("since");

            committed(second, NOON.minusSeconds(1), "new");
            fromEnd.readToEnd(into(later));
            fromNoon.readToEnd(into(since));
        }
        assertThat(later).containsExactly("new");
        assertThat(since).containsExactly("since", "new");
    }

    @Test
    void topicThatIsNotThereIsSaidToBeMissing() {
        try (TopicReader reader =
                new TopicReader(kafka.consumer(), "a log", List.of("none"), Start.BEGINNING)) {
            assertThatThrownBy(() -> reader.readToEnd(record -> {}))
                    .isInstanceOf(UnknownTopicOrPartitionException.class)
                    .hasMessage("topic none is not there");
        }
    }

    @Test
    void followersReadOnAndSayWhenTheyHaveCaughtUp() throws Exception {
        committed(first, "a");
        ConcurrentLinkedQueue<String> read = new ConcurrentLinkedQueue<>();
        try (Following following = new Following(reader(Start.BEGINNING), read::add)) {
            following.reader.caughtUp().get(LONG.toSeconds(), TimeUnit.SECONDS);
            assertThat(read).containsExactly("a");
            committed(second, "b");
            following.reader.caughtUp().get(LONG.toSeconds(), TimeUnit.SECONDS);
            assertThat(read).containsExactly("a", "b");
        }
    }

    @Test
    void partitionsThatAreAddedAreReadFromTheirBeginning() throws Exception {
        ConcurrentLinkedQueue<String> read = new ConcurrentLinkedQueue<>();
        try (Following following = new Following(reader(Start.BEGINNING), read::add)) {
            following.reader.caughtUp().get(LONG.toSeconds(), TimeUnit.SECONDS);
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
            try (Producer<byte[], byte[]> fresh = new KafkaProducer<>(kafka.producer())) {
                await().atMost(LONG).until(() -> fresh.partitionsFor(topic).size() == 3);
                fresh.send(record(new TopicPartition(topic, 2), null, "new")).get();
            }
            await().atMost(LONG).until(() -> read.contains("new"));
        }
    }

    @Test
    void whoWaitsForALogThatIsNoLongerReadLearnsItAtOnce() throws Exception {
        TopicReader reader = reader(Start.BEGINNING);
        CompletableFuture<Void> before = reader.caughtUp();
        Following following = new Following(reader, text -> {});
        before.get(LONG.toSeconds(), TimeUnit.SECONDS);
        following.close();
        assertThat(reader.caughtUp())
                .isCompletedExceptionally()
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("the log is closed");
    }

    @Test
    void readerThatIsStoppedReadsNothingMore() {
        try (TopicReader reader = reader(Start.BEGINNING)) {
            reader.stop();
            reader.follow(records -> {});
            assertThatExceptionOfType(WakeupException.class)
                    .isThrownBy(() -> reader.readToEnd(record -> {}));
        }
    }

    /** Whoever is to retry calls again; who follows need not even do that. */
    @Test
    void readingGoesOnWhereItWasWhenBrokersComeBack(@TempDir Path otherFolder) throws Exception {
        EmbeddedBroker other = EmbeddedBroker.start(otherFolder, 0);
        try {
            KafkaSettings impatient =
                    new KafkaSettings(
                            other.bootstrapServers(),
                            Map.of("default.api.timeout.ms", "2000", "request.timeout.ms", "1000"));
            try (Admin there = Admin.create(impatient.admin())) {
                create(there, topic, 1);
            }
            send(impatient, "a");
            List<String> read = new ArrayList<>();
            ConcurrentLinkedQueue<String> followed = new ConcurrentLinkedQueue<>();
            try (TopicReader reader = reader(impatient, Start.BEGINNING);
                    Following following =
                            new Following(reader(impatient, Start.BEGINNING), followed::add)) {
                reader.readToEnd(into(read));
                await().atMost(LONG).until(() -> followed.contains("a"));
                int port = Integer.parseInt(other.bootstrapServers().replaceFirst(".*:", ""));
                other.close();
                assertThatExceptionOfType(TimeoutException.class)
                        .isThrownBy(() -> reader.readToEnd(into(read)));

                other = EmbeddedBroker.start(otherFolder, port);
                send(impatient, "b");
                await().atMost(LONG)
                        .ignoreException(TimeoutException.class)
                        .untilAsserted(
                                () -> {
                                    reader.readToEnd(into(read));
                                    assertThat(read).containsExactly("a", "b");
                                });
                await().atMost(LONG).until(() -> followed.contains("b"));
                assertThat(followed).containsExactly("a", "b");
            }
        } finally {
            other.close();
        }
    }

    /** A thread that follows the topic until it is closed. */
    private static final class Following implements AutoCloseable {
        final TopicReader reader;
        private final Thread thread;

        Following(TopicReader reader, Consumer<String> read) {
            this.reader = reader;
            thread =
                    new Thread(
                            () ->
                                    reader.follow(
                                            records ->
                                                    records.forEach(
                                                            record -> read.accept(text(record)))));
            thread.start();
        }

        @Override
        public void close() throws InterruptedException {
            reader.stop();
            thread.join();
            reader.close();
        }
    }

    private TopicReader reader(Start start) {
        return reader(kafka, start);
    }

    private TopicReader reader(KafkaSettings settings, Start start) {
        return new TopicReader(settings.consumer(), "the log", List.of(topic), start);
    }

    private static TopicReader.Handler<RuntimeException> into(List<String> read) {
        return record -> read.add(text(record));
    }

    private static String text(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.value(), UTF_8);
    }

    private static ProducerRecord<byte[], byte[]> record(
            TopicPartition partition, Instant at, String text) {
        return new ProducerRecord<>(
                partition.topic(),
                partition.partition(),
                at == null ? null : at.toEpochMilli(),
                null,
                text.getBytes(UTF_8));
    }

    private static void committed(TopicPartition partition, String... texts) {
        committed(partition, null, texts);
    }

    private static void committed(TopicPartition partition, Instant at, String... texts) {
        producer.beginTransaction();
        for (String text : texts) {
            producer.send(record(partition, at, text));
        }
        producer.commitTransaction();
        awaitMarker(partition);
    }

    private static void aborted(TopicPartition partition, String text) {
        producer.beginTransaction();
        producer.send(record(partition, null, text));
        producer.flush();
        producer.abortTransaction();
        awaitMarker(partition);
    }

    /** Brokers write it a moment after they have answered. */
    private static void awaitMarker(TopicPartition partition) {
        await().atMost(LONG)
                .until(
                        () ->
                                end(partition, IsolationLevel.READ_COMMITTED)
                                        == end(partition, IsolationLevel.READ_UNCOMMITTED));
    }

    private static long end(TopicPartition partition, IsolationLevel isolation) throws Exception {
        return admin.listOffsets(
                        Map.of(partition, OffsetSpec.latest()), new ListOffsetsOptions(isolation))
                .partitionResult(partition)
                .get()
                .offset();
    }

    private void send(KafkaSettings settings, String text) throws Exception {
        try (Producer<byte[], byte[]> once = new KafkaProducer<>(settings.producer())) {
            once.send(record(first, null, text)).get();
        }
    }
}
