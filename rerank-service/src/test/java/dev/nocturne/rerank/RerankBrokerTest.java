package dev.nocturne.rerank;

import static dev.nocturne.rerank.ScoredGrids.event;
import static dev.nocturne.rerank.ScoredGrids.grid;
import static dev.nocturne.rerank.ScoredGrids.key;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logmanager.ExtLogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RerankBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir Path folder;

    private EmbeddedBroker broker;
    private KafkaSettings kafka;
    private KafkaProducer<byte[], byte[]> producer;
    private KafkaConsumer<byte[], byte[]> selections;
    private final List<CandidatesRanked> ranked = new ArrayList<>();
    private final List<Lane> lanes = new ArrayList<>(); // of those

    @BeforeEach
    void start() {
        broker = EmbeddedBroker.start(folder.resolve("kafka"), 0);
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        TopicAdmin.createMissing(kafka);
        producer = new KafkaProducer<>(kafka.transactionalProducer("test"));
        producer.initTransactions();
        selections = new KafkaConsumer<>(kafka.consumer("test"));
        selections.subscribe(Topics.SELECTIONS.lanes().stream().map(Topic::name).toList());
    }

    @AfterEach
    void close() {
        producer.close();
        selections.close();
        broker.close();
    }

    @Test
    void ranksExactlyOnceAcrossARestartThatLosesTheDisk() {
        try (RerankService first = service("state-1")) {
            send(event("a", 3, 2, grid(0, 0.1), grid(1, 0.7)));
            send(event("b", 1, 1, grid(0, 0.1)));
            awaitRanked("b");
        }
        sendAborted(event("a", 3, 2, grid(2, 0.9)));
        try (RerankService second = service("state-2")) {
            send(event("a", 3, 2, grid(1, 0.7), grid(2, 0.3)));
            awaitRanked("b", "a");
            assertThat(ranked.get(1).getWinners())
                    .extracting(RankedGrid::getCandidate)
                    .containsExactly(1, 2);

            send(event("a", 3, 2, grid(0, 0.1), grid(1, 0.7), grid(2, 0.3)));
            send(event("b", 1, 1, grid(0, 0.1)));
            send(event("a-again", 1, 1, grid(0, 0.1)));
            send(event("b-again", 1, 1, grid(0, 0.1)));
            awaitRanked("b", "a", "a-again", "b-again");
            assertThat(second.health().live()).isTrue();
            await().atMost(PATIENCE).until(() -> second.health().ready());
        }
    }

    /** What a killed process leaves is like a copy of the folder of one that runs. */
    @Test
    void theStateOfAKilledServiceIsReadAgainWithALineAndWithoutStackTraces() throws Exception {
        List<String> finished = new ArrayList<>();
        try (RerankService killed = service("state")) {
            for (int i = 0; i < 40; i++) { // some in each partition
                for (Lane lane : Lane.values()) {
                    String id = lane + "-" + i;
                    send(lane, event(id, 1, 1, grid(0, 0.1)));
                    finished.add(id);
                }
            }
            send(event("a", 2, 1, grid(0, 0.1)));
            awaitRanked(finished.toArray(String[]::new));
            copyFolder(folder.resolve("state"), folder.resolve("left"));
        }
        Log log = new Log();
        Logger streams = Logger.getLogger("org.apache.kafka.streams");
        Logger own = Logger.getLogger("dev.nocturne.rerank");
        streams.addHandler(log);
        own.addHandler(log);
        try (RerankService next = service("left")) {
            send(event("a", 2, 1, grid(1, 0.7)));
            finished.add("a");
            awaitRanked(finished.toArray(String[]::new));
        } finally {
            streams.removeHandler(log);
            own.removeHandler(log);
        }
        assertThat(log.lines).anyMatch(line -> line.startsWith("RRK-01 tasks [0_0, "));
        assertThat(log.lines).noneMatch(line -> line.contains("are corrupted"));
        assertThat(log.traces).isEmpty();
    }

    private static void copyFolder(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    /** What a person reads at night. */
    private static final class Log extends Handler {
        private final List<String> lines = new CopyOnWriteArrayList<>();
        private final List<String> traces = new CopyOnWriteArrayList<>(); // the lines above them

        @Override
        public void publish(LogRecord record) {
            String line = ExtLogRecord.wrap(record).getFormattedMessage();
            if (record.getLevel().intValue() >= Level.WARNING.intValue()) {
                lines.add(line);
            }
            if (record.getThrown() != null) {
                traces.add(line);
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    /** Or the next process would wait until the session of this one has ended. */
    @Test
    void aServiceThatIsStoppedLeavesItsGroup() throws Exception {
        try (Admin admin = Admin.create(kafka.admin())) {
            try (RerankService service = service("state")) {
                await().atMost(PATIENCE).until(() -> service.health().ready());
                assertThat(members(admin)).isPositive();
            }
            await().atMost(Duration.ofSeconds(5)).until(() -> members(admin) == 0);
        }
    }

    /** To the high watermark; a partition without a commit counts one, as KEDA has it. */
    @Test
    void anIdleServiceHasNoLagInAnyPartitionAsOutsideToolsCount() throws Exception {
        try (Admin admin = Admin.create(kafka.admin())) {
            try (RerankService service = service("state")) {
                awaitNoLag(admin);
                sendAborted(event("a", 1, 1, grid(0, 0.1)));
                awaitNoLag(admin);
                send(event("a", 1, 1, grid(0, 0.1)));
                awaitRanked("a");
                awaitNoLag(admin);
            }
            sendAborted(event("b", 1, 1, grid(0, 0.1)));
            try (RerankService service = service("state")) {
                awaitNoLag(admin);
                send(event("b", 1, 1, grid(0, 0.1)));
                awaitRanked("a", "b");
                awaitNoLag(admin);
            }
        }
    }

    private static void awaitNoLag(Admin admin) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(lag(admin)).isZero());
    }

    private static long lag(Admin admin) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> committed =
                admin.listConsumerGroupOffsets(RerankService.GROUP)
                        .partitionsToOffsetAndMetadata()
                        .get();
        long lag = 0;
        for (Topic<?> topic : Topics.SCORED_GRIDS.lanes()) {
            for (int i = 0; i < topic.partitions(); i++) {
                TopicPartition partition = new TopicPartition(topic.name(), i);
                long end =
                        admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                                .partitionResult(partition)
                                .get()
                                .offset();
                OffsetAndMetadata offset = committed.get(partition);
                lag += offset == null ? 1 : end - offset.offset();
            }
        }
        return lag;
    }

    private static int members(Admin admin) throws Exception {
        return admin.describeConsumerGroups(Set.of(RerankService.GROUP))
                .all()
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .get(RerankService.GROUP)
                .members()
                .size();
    }

    @Test
    void everyRankingGoesOnInTheLaneOfItsCandidates() {
        try (RerankService service = service("state")) {
            send(event("bulk", 2, 1, grid(0, 0.1)));
            send(Lane.INTERACTIVE, event("now", 2, 1, grid(0, 0.1)));
            send(Lane.INTERACTIVE, event("now", 2, 1, grid(1, 0.7)));
            awaitRanked("now");
            send(event("bulk", 2, 1, grid(1, 0.7)));
            awaitRanked("now", "bulk");
        }
        assertThat(lanes).containsExactly(Lane.INTERACTIVE, Lane.BULK);

        try (RerankService again = service("state-that-is-lost")) {
            send(Lane.INTERACTIVE, event("now", 2, 1, grid(0, 0.1), grid(1, 0.7)));
            send(Lane.INTERACTIVE, event("later", 1, 1, grid(0, 0.1)));
            awaitRanked("now", "bulk", "later");
        }
    }

    @Test
    void partitionsThatAreRaisedWhileItRunsAreNoticedAndRanked() throws Exception {
        int twice = 2 * Topics.SCORED_GRIDS.partitions();
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of("metadata.max.age.ms", "1000"));
        try (RerankService service = service("state");
                Admin admin = Admin.create(kafka.admin())) {
            send(0, event("half-0", 2, 1, grid(0, 0.1)));
            send(twice / 2 - 1, event("half-1", 2, 1, grid(0, 0.1)));
            send(event("before", 1, 1, grid(0, 0.1)));
            awaitRanked("before");
            admin.createPartitions(
                            Map.of(Topics.SCORED_GRIDS.name(), NewPartitions.increaseTo(twice)))
                    .all()
                    .get();
            send(twice - 1, event("after", 1, 1, grid(0, 0.1)));
            send(0, event("half-0", 2, 1, grid(1, 0.1)));
            send(twice / 2 - 1, event("half-1", 2, 1, grid(1, 0.1)));
            awaitRanked("before", "after", "half-0", "half-1");
            await().atMost(PATIENCE).until(() -> service.health().ready());
            assertThat(service.failure().toCompletableFuture()).isNotDone();
        }
    }

    private void send(int partition, GridsScored event) {
        producer.beginTransaction();
        producer.send(
                new ProducerRecord<>(
                        Topics.SCORED_GRIDS.name(),
                        partition,
                        key(event.getRequest().getCustomId()).getBytes(UTF_8),
                        EventCodec.encode(event)));
        producer.commitTransaction();
    }

    private RerankService service(String stateDir) {
        RerankService service =
                new RerankService(kafka, folder.resolve(stateDir), new SimpleMeterRegistry());
        service.start();
        return service;
    }

    private void send(GridsScored event) {
        send(Lane.BULK, event);
    }

    private void send(Lane lane, GridsScored event) {
        producer.beginTransaction();
        producer.send(message(lane, event));
        producer.commitTransaction();
    }

    private void sendAborted(GridsScored event) {
        producer.beginTransaction();
        producer.send(message(Lane.BULK, event));
        producer.flush();
        producer.abortTransaction();
    }

    private static ProducerRecord<byte[], byte[]> message(Lane lane, GridsScored event) {
        String key = key(event.getRequest().getCustomId());
        return new ProducerRecord<>(
                Topics.SCORED_GRIDS.in(lane).name(), key.getBytes(UTF_8), EventCodec.encode(event));
    }

    /** All rankings so far, no more and no fewer, in any order among the last ones. */
    private void awaitRanked(String... customIds) {
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> {
                            selections
                                    .poll(Duration.ofMillis(100))
                                    .forEach(
                                            record -> {
                                                ranked.add(
                                                        EventCodec.decode(
                                                                CandidatesRanked.class,
                                                                record.value()));
                                                lanes.add(Topics.SELECTIONS.lane(record.topic()));
                                            });
                            assertThat(ranked)
                                    .extracting(event -> event.getRequest().getCustomId())
                                    .containsExactlyInAnyOrder(customIds);
                        });
    }
}
