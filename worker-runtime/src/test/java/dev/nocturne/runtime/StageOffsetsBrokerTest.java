package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What others see of a stage's offsets. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class StageOffsetsBrokerTest {

    private static final Duration LONG = Duration.ofMinutes(1);
    private static final int PARTITIONS = 3;

    @TempDir static Path dataDir;
    private static EmbeddedBroker broker;
    private static KafkaSettings kafka;
    private static Admin admin;
    private static KafkaProducer<byte[], byte[]> producer;

    private Topic<CaptionSubmitted> input;
    private Topic<CaptionSubmitted> output;
    private String jobId;

    @BeforeAll
    static void startBroker() {
        broker = EmbeddedBroker.start(dataDir, 0);
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        TopicAdmin.createMissing(kafka);
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
    void createTopics(TestInfo test) {
        jobId = test.getTestMethod().orElseThrow().getName();
        input = captions(jobId + "-in");
        output = captions(jobId + "-out");
        TopicAdmin.createMissing(
                kafka,
                Stream.of(input, output)
                        .<Topic<?>>flatMap(topic -> topic.lanes().stream())
                        .toList());
    }

    private static Topic<CaptionSubmitted> captions(String name) {
        return new Topic<>(
                name,
                CaptionSubmitted.class,
                Topic.Key.REQUEST,
                PARTITIONS,
                Optional.of(Duration.ofDays(7)),
                true);
    }

    @Test
    void anIdleStageHasNoLagInAnyPartitionAsOutsideToolsCount() throws Exception {
        assertThat(lag()).as("nothing is committed yet").isEqualTo(2 * PARTITIONS);
        try (StageRunner<?> runner = runner();
                TopicLog results = new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            runner.start();
            awaitNoLag();
            committed(sent -> sent.accept(caption("a", 0)));
            committed(sent -> sent.accept(caption("b", 1)));
            await().atMost(LONG).until(() -> customIds(results).size() == 2);
            awaitNoLag();
            aborted(sent -> sent.accept(caption("c", 2)));
            awaitNoLag();
        }
        // what ended while nobody was there
        aborted(sent -> sent.accept(caption("d", 0)));
        assertThat(lag()).isPositive();
        try (StageRunner<?> runner = runner()) {
            runner.start();
            awaitNoLag();
        }
    }

    /** Or offsets would be written for ever, and its metadata read by everybody. */
    @Test
    void anIdleStageCommitsNothing() throws Exception {
        try (StageRunner<?> runner = runner()) {
            runner.start();
            committed(sent -> sent.accept(caption("a", 0)));
            await().atMost(LONG).until(() -> committedOffset(0) != null);
            awaitNoLag();
            long before = offsetsWritten();
            await().during(Duration.ofSeconds(3))
                    .atMost(LONG)
                    .until(() -> offsetsWritten() == before);
        }
    }

    @Test
    void whatHasAResultIsNotDoneAgainWhereOffsetsAreGone() throws Exception {
        committed(
                sent -> {
                    sent.accept(caption("done", 0));
                    sent.accept(caption("open", 0));
                    ProducerRecord<byte[], byte[]> replay = caption("replayed", 1);
                    replay.headers().add(DeadLetters.REPLAY_OF, "0".getBytes(UTF_8));
                    sent.accept(replay);
                    for (String id : List.of("done", "replayed")) {
                        sent.accept(
                                new ProducerRecord<>(
                                        Topics.RESULTS.name(),
                                        key(id),
                                        "a result".getBytes(UTF_8)));
                    }
                });
        try (StageRunner<?> runner = runner();
                TopicLog results = new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            runner.start();
            await().atMost(LONG).until(() -> customIds(results).size() == 2);
            awaitNoLag();
            committed(sent -> sent.accept(caption("done", 0)));
            await().atMost(LONG).until(() -> customIds(results).size() == 3);
            assertThat(customIds(results))
                    .as("what comes now is not what was forgotten")
                    .containsExactlyInAnyOrder("open", "replayed", "done");
        }
    }

    private StageRunner<?> runner() {
        return new StageRunner<>(
                new EchoStage(input, output), kafka, new SimpleMeterRegistry(), Clock.systemUTC());
    }

    private byte[] key(String customId) {
        return Ids.key(jobId, Ids.requestId(jobId, customId)).getBytes(UTF_8);
    }

    private ProducerRecord<byte[], byte[]> caption(String customId, int partition) {
        CaptionSubmitted caption =
                CaptionSubmitted.newBuilder()
                        .setJobId(jobId)
                        .setCustomId(customId)
                        .setCaption("an apple")
                        .setSubmittedAt(Instant.EPOCH)
                        .build();
        return new ProducerRecord<>(
                input.in(Lane.BULK).name(), partition, key(customId), EventCodec.encode(caption));
    }

    private static void committed(Consumer<Consumer<ProducerRecord<byte[], byte[]>>> records) {
        producer.beginTransaction();
        records.accept(producer::send);
        producer.commitTransaction();
    }

    private static void aborted(Consumer<Consumer<ProducerRecord<byte[], byte[]>>> records) {
        producer.beginTransaction();
        records.accept(producer::send);
        producer.flush();
        producer.abortTransaction();
    }

    private List<String> customIds(TopicLog log) {
        return log.read(output.name()).stream()
                .map(record -> EventCodec.decode(CaptionSubmitted.class, record.value()))
                .map(CaptionSubmitted::getCustomId)
                .toList();
    }

    private void awaitNoLag() {
        await().atMost(LONG).untilAsserted(() -> assertThat(lag()).isZero());
    }

    /** To the high watermark; a partition without a commit counts one, as KEDA has it. */
    private long lag() throws Exception {
        Map<TopicPartition, OffsetAndMetadata> committed = committed();
        long lag = 0;
        for (Topic<?> topic : input.lanes()) {
            for (TopicPartition partition : partitions(topic)) {
                OffsetAndMetadata offset = committed.get(partition);
                lag += offset == null ? 1 : end(partition) - offset.offset();
            }
        }
        return lag;
    }

    private static List<TopicPartition> partitions(Topic<?> topic) {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(partition -> new TopicPartition(topic.name(), partition))
                .toList();
    }

    private Map<TopicPartition, OffsetAndMetadata> committed() throws Exception {
        return admin.listConsumerGroupOffsets(new EchoStage(input, output).name())
                .partitionsToOffsetAndMetadata()
                .get();
    }

    private OffsetAndMetadata committedOffset(int partition) throws Exception {
        return committed().get(new TopicPartition(input.name(), partition));
    }

    private static long end(TopicPartition partition) throws Exception {
        return admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                .partitionResult(partition)
                .get()
                .offset();
    }

    private static long offsetsWritten() throws Exception {
        long written = 0;
        for (int partition = 0; partition < 4; partition++) {
            written += end(new TopicPartition("__consumer_offsets", partition));
        }
        return written;
    }
}
