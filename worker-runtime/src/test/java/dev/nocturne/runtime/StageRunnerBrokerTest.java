package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a stage leaves behind in real topics, whatever happens to it. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class StageRunnerBrokerTest {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Backoff SHORT = new Backoff(Duration.ofMillis(20), LONG, 3);
    private static final int PARTITIONS = 4;

    @TempDir static Path dataDir;
    private static EmbeddedBroker broker;
    private static KafkaSettings kafka;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private Topic<CaptionSubmitted> input;
    private Topic<CaptionSubmitted> output;
    private String jobId;
    private KafkaSettings kafkaOfRunners;

    @BeforeAll
    static void startBroker() {
        broker = EmbeddedBroker.start(dataDir, 0);
        // the shortest transaction timeout keeps the test of an abandoned one short
        kafka =
                new KafkaSettings(
                        broker.bootstrapServers(), Map.of("transaction.timeout.ms", "1000"));
        TopicAdmin.createMissing(kafka);
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @BeforeEach
    void createTopics(TestInfo test) {
        kafkaOfRunners = kafka;
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
                Optional.empty(),
                true);
    }

    @Test
    void poisonIsCommittedAsDeadLettersTogetherWithItsNeighboursOutputs() throws Exception {
        publish("good-1", "an apple");
        publishBytes(key("malformed"), "no event at all".getBytes(UTF_8));
        publish("rejected", EchoStage.REJECT);
        publish("bug", EchoStage.BUG);
        publish("good-2", "a pear");

        CountDownLatch commit = new CountDownLatch(1);
        Function<Map<String, Object>, Producer<byte[], byte[]>> heldBack =
                beforeCommit(commit::await);
        List<String> topics =
                List.of(
                        output.name(),
                        Topics.DEAD_LETTERS.name(),
                        Topics.RESULTS.name(),
                        Topics.RESULTS_JSON.name());
        try (StageRunner<?> runner = runner(echo(), heldBack);
                TopicLog uncommitted = new TopicLog(kafka, "read_uncommitted", topics);
                TopicLog committed = new TopicLog(kafka, "read_committed", topics)) {
            runner.start();
            await().atMost(LONG).until(() -> uncommitted.read(output.name()).size() == 2);
            await().atMost(LONG).until(() -> deadLetters(uncommitted).size() == 3);
            await().atMost(LONG).until(() -> results(uncommitted).size() == 3);
            await().atMost(LONG).until(() -> jsonResults(uncommitted).size() == 3);
            assertThat(committed.read(output.name())).isEmpty();
            assertThat(deadLetters(committed)).isEmpty();
            assertThat(results(committed)).isEmpty();
            assertThat(jsonResults(committed)).isEmpty();

            commit.countDown();
            await().atMost(LONG).until(() -> committed.read(output.name()).size() == 2);
            await().atMost(LONG).until(() -> deadLetters(committed).size() == 3);
            await().atMost(LONG).until(() -> results(committed).size() == 3);
            await().atMost(LONG).until(() -> jsonResults(committed).size() == 3);

            assertThat(deadLetters(committed))
                    .extracting(
                            letter -> header(letter, DeadLetters.REASON_CODE),
                            letter -> header(letter, DeadLetters.REASON))
                    .containsExactlyInAnyOrder(
                            tuple(
                                    ReasonCodes.MALFORMED_EVENT,
                                    "not a CaptionSubmitted: bad header, 15 bytes without the"
                                            + " single-object marker c301"),
                            tuple(ReasonCodes.INVALID_CAPTION, "as it asked for"),
                            tuple(ReasonCodes.INTERNAL, "unexpected IllegalStateException: a bug"));
            assertThat(results(committed))
                    .allSatisfy(
                            result -> {
                                assertThat(result.getStatus()).isEqualTo(RequestStatus.FAILED);
                                assertThat(result.getFailure().getStage()).isEqualTo(echo().name());
                            })
                    .extracting(result -> result.getRequest().getRequestId())
                    .containsExactlyInAnyOrder(
                            Ids.requestId(jobId, "malformed"),
                            Ids.requestId(jobId, "rejected"),
                            Ids.requestId(jobId, "bug"));
        }
        assertThat(meters.get("nocturne.stage.records").counter().count()).isEqualTo(5);
        assertThat(meters.get("nocturne.stage.queue").tag("lane", "bulk").timer().count())
                .isEqualTo(5);
        assertThat(meters.get("nocturne.stage.commit").timer().count()).isPositive();
        assertThat(
                        meters.get("nocturne.stage.dead.letters")
                                .tag("reason", ReasonCodes.MALFORMED_EVENT)
                                .counter()
                                .count())
                .isEqualTo(1);
    }

    @Test
    void crashBetweenWorkAndCommitLeavesOneVisibleOutput() throws Exception {
        publish("a", "an apple");
        EchoStage crashing = echo();
        Function<Map<String, Object>, Producer<byte[], byte[]>> crash =
                config ->
                        intercept(
                                new KafkaProducer<>(config),
                                producer -> {
                                    producer.flush();
                                    producer.close(Duration.ZERO); // aborts nothing
                                    throw new AssertionError("the process ends here");
                                });
        try (StageRunner<?> runner = runner(crashing, crash)) {
            runner.start();
            await().atMost(LONG).until(() -> runner.failure().toCompletableFuture().isDone());
        }
        assertThat(crashing.calls).hasValue(1);

        try (StageRunner<?> runner = runner(echo(), KafkaProducer::new);
                TopicLog uncommitted =
                        new TopicLog(kafka, "read_uncommitted", List.of(output.name()));
                TopicLog committed =
                        new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            runner.start();
            await().atMost(LONG).until(() -> uncommitted.read(output.name()).size() == 2);
            await().atMost(LONG).until(() -> committed.read(output.name()).size() == 1);
            publish("b", "a pear"); // whatever was to come has come before this
            await().atMost(LONG).until(() -> committed.read(output.name()).size() == 2);
            assertThat(customIds(committed)).containsExactlyInAnyOrder("a", "b");
        }
    }

    @Test
    void commitWhoseAnswerWasLostIsNotRepeated() throws Exception {
        publish("a", "an apple");
        AtomicBoolean lost = new AtomicBoolean();
        Function<Map<String, Object>, Producer<byte[], byte[]>> loseFirstAnswer =
                config ->
                        intercept(
                                new KafkaProducer<>(config),
                                producer -> {
                                    producer.commitTransaction();
                                    if (lost.compareAndSet(false, true)) {
                                        throw new TimeoutException("no answer");
                                    }
                                });
        EchoStage stage = echo();
        try (StageRunner<?> runner = runner(stage, loseFirstAnswer);
                TopicLog committed =
                        new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            runner.start();
            await().atMost(LONG).until(() -> customIds(committed).contains("a"));
            publish("b", "a pear");
            await().atMost(LONG).until(() -> customIds(committed).contains("b"));
            assertThat(customIds(committed)).containsExactlyInAnyOrder("a", "b");
        }
        assertThat(lost).isTrue();
        assertThat(stage.calls).hasValue(2);
    }

    /** Nobody stands still for as long as brokers take. */
    @Test
    void theNextBatchIsAtWorkDuringACommitAndDoneAgainIfTheProcessEndsBeforeItsOwn()
            throws Exception {
        publishMany(Lane.BULK, "line-", 250);
        AtomicInteger polled = new AtomicInteger();
        EchoStage stage =
                new EchoStage(input, output) {
                    @Override
                    public RequestRef request(CaptionSubmitted caption) {
                        polled.incrementAndGet();
                        return super.request(caption);
                    }

                    @Override
                    public void process(List<CaptionSubmitted> batch, Outbox out) {
                        if (calls.get() == 0) { // more must wait before it ends
                            await().atMost(LONG).until(() -> polled.get() > maxBatch());
                        }
                        super.process(batch, out);
                    }
                };
        AtomicInteger commits = new AtomicInteger();
        Function<Map<String, Object>, Producer<byte[], byte[]>> crashAtTheSecond =
                config ->
                        intercept(
                                new KafkaProducer<>(config),
                                producer -> {
                                    if (commits.incrementAndGet() > 1) {
                                        producer.close(Duration.ZERO);
                                        throw new AssertionError("the process ends here");
                                    }
                                    await().atMost(LONG).until(() -> stage.calls.get() > 1);
                                    producer.commitTransaction();
                                });
        try (StageRunner<?> runner = runner(stage, crashAtTheSecond)) {
            runner.start();
            await().atMost(LONG).until(() -> runner.failure().toCompletableFuture().isDone());
        }
        assertThat(commits).hasValue(2);

        try (StageRunner<?> runner = runner(echo(), KafkaProducer::new);
                TopicLog committed =
                        new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            runner.start();
            await().atMost(LONG).until(() -> committed.read(output.name()).size() >= 250);
            publish("last", "a pear"); // whatever was to come has come before this
            await().atMost(LONG).until(() -> customIds(committed).contains("last"));
            assertThat(customIds(committed)).doesNotHaveDuplicates().hasSize(251);
        }
    }

    @Test
    void batchesWhoseWorkIsQuickerThanACommitAreCommittedTogether() throws Exception {
        publishMany(Lane.BULK, "line-", 3_000);
        EchoStage stage = echo();
        AtomicInteger commits = new AtomicInteger();
        Function<Map<String, Object>, Producer<byte[], byte[]>> counted =
                beforeCommit(commits::incrementAndGet);
        try (StageRunner<?> runner = runner(stage, counted);
                TopicLog committed =
                        new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            runner.start();
            await().atMost(LONG).until(() -> committed.read(output.name()).size() >= 3_000);
            assertThat(customIds(committed)).doesNotHaveDuplicates().hasSize(3_000);
        }
        assertThat(commits.get()).isLessThan(stage.calls.get());
    }

    @Test
    void transientFailureIsTriedAgainAndThenStopsTheRunnerWithNothingCommitted() throws Exception {
        publish("a", "an apple");
        AtomicBoolean mended = new AtomicBoolean();
        EchoStage busy =
                new EchoStage(input, output) {
                    @Override
                    public void process(List<CaptionSubmitted> batch, Outbox out) {
                        super.process(batch, out);
                        if (!mended.get()) {
                            throw new TransientException("the store is away", null);
                        }
                    }
                };
        try (StageRunner<?> runner = runner(busy, KafkaProducer::new)) {
            runner.start();
            FatalException reason = runner.failure().toCompletableFuture().get();
            assertThat(reason).hasMessageContaining("the store is away").hasMessageContaining("3");
            assertThat(runner.health().live()).isFalse();
        }
        assertThat(busy.calls).hasValue(3);

        mended.set(true);
        try (StageRunner<?> runner = runner(busy, KafkaProducer::new);
                TopicLog committed =
                        new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            runner.start();
            await().atMost(LONG).until(() -> committed.read(output.name()).size() == 1);
            assertThat(runner.health()).matches(Health::ready, "ready");
        }
    }

    @Test
    void recordsThatRaiseErrorsAreDeadLettersAndTheStageGoesOn() throws Exception {
        List<String> captions =
                List.of(EchoStage.OVERFLOW, EchoStage.BUG, EchoStage.OVERFLOW, EchoStage.BUG);
        for (int i = 0; i < 20; i++) {
            publish("bad-" + i, captions.get(i % captions.size()));
            publish("good-" + i, "an apple");
        }
        AtomicInteger selfTests = new AtomicInteger();
        EchoStage well =
                new EchoStage(input, output) {
                    @Override
                    public void selfTest() {
                        selfTests.incrementAndGet();
                    }
                };
        try (StageRunner<?> runner = runner(well, KafkaProducer::new);
                TopicLog committed =
                        new TopicLog(
                                kafka,
                                "read_committed",
                                List.of(output.name(), Topics.DEAD_LETTERS.name()))) {
            runner.start();
            await().atMost(LONG).until(() -> customIds(committed).size() == 20);
            await().atMost(LONG).until(() -> deadLetters(committed).size() == 20);
            assertThat(customIds(committed)).allMatch(id -> id.startsWith("good-"));
            assertThat(runner.health()).matches(Health::ready, "ready");
        }
        assertThat(selfTests.get()).isPositive();
    }

    /** As one whose device is lost: it fails whatever it gets, from one record on. */
    @Test
    void workerAtFaultStopsWithNothingOfItsFailuresCommitted() throws Exception {
        for (int i = 0; i < 20; i++) {
            publish("line-" + i, "an apple");
        }
        AtomicInteger untilLost = new AtomicInteger(5);
        EchoStage losesItsDevice =
                new EchoStage(input, output) {
                    @Override
                    public int take(List<CaptionSubmitted> waiting) {
                        return 1;
                    }

                    @Override
                    public void process(List<CaptionSubmitted> batch, Outbox out) {
                        if (untilLost.decrementAndGet() < 0) {
                            throw new NoClassDefFoundError("the device is lost");
                        }
                        super.process(batch, out);
                    }

                    @Override
                    public void selfTest() {
                        if (untilLost.get() < 0) {
                            throw new NoClassDefFoundError("the device is lost");
                        }
                    }
                };
        List<String> topics = List.of(output.name(), Topics.DEAD_LETTERS.name());
        try (TopicLog committed = new TopicLog(kafka, "read_committed", topics)) {
            try (StageRunner<?> runner = runner(losesItsDevice, KafkaProducer::new)) {
                runner.start();
                assertThat(runner.failure().toCompletableFuture().get())
                        .hasMessageContaining("self-test")
                        .hasMessageContaining("the device is lost");
                assertThat(runner.health()).matches(health -> !health.live(), "not live");
            }
            try (StageRunner<?> again = runner(losesItsDevice, KafkaProducer::new)) {
                again.start();
                assertThat(again.failure().toCompletableFuture().get())
                        .hasMessageContaining("self-test");
            }
            assertThat(committed.read(output.name())).hasSizeLessThanOrEqualTo(5);
            try (StageRunner<?> mended = runner(echo(), KafkaProducer::new)) {
                mended.start();
                await().atMost(LONG).until(() -> customIds(committed).size() == 20);
            }
            assertThat(customIds(committed)).doesNotHaveDuplicates();
            assertThat(deadLetters(committed)).isEmpty();
        }
    }

    /** As a record that poisons the device: in each process it alone makes the worker unwell. */
    @Test
    void recordThatMakesEveryWorkerUnwellIsGivenUpAfterAFewStarts() throws Exception {
        publish("good-1", "an apple");
        publish("bad", EchoStage.BUG);
        publish("good-2", "a pear");
        int starts = 0;
        List<String> topics = List.of(output.name(), Topics.DEAD_LETTERS.name());
        try (TopicLog committed = new TopicLog(kafka, "read_committed", topics)) {
            while (customIds(committed).size() < 2 || deadLetters(committed).isEmpty()) {
                assertThat(++starts).isLessThanOrEqualTo(6);
                try (StageRunner<?> runner = runner(new PoisonedStage(), KafkaProducer::new)) {
                    runner.start();
                    await().atMost(LONG)
                            .until(
                                    () ->
                                            runner.failure().toCompletableFuture().isDone()
                                                    || customIds(committed).size() == 2
                                                            && !deadLetters(committed).isEmpty());
                }
            }
            assertThat(customIds(committed)).containsExactlyInAnyOrder("good-1", "good-2");
            assertThat(deadLetters(committed))
                    .singleElement()
                    .satisfies(
                            letter ->
                                    assertThat(header(letter, DeadLetters.REASON))
                                            .contains("at work on this record alone"));
        }
        assertThat(starts).isGreaterThan(1);
    }

    /** Nothing works after a bug. */
    private final class PoisonedStage extends EchoStage {
        private boolean poisoned;

        PoisonedStage() {
            super(input, output);
        }

        @Override
        public void process(List<CaptionSubmitted> batch, Outbox out) {
            selfTest();
            poisoned =
                    batch.stream().anyMatch(caption -> caption.getCaption().equals(EchoStage.BUG));
            super.process(batch, out);
        }

        @Override
        public void selfTest() {
            if (poisoned) {
                throw new IllegalStateException("the device is lost");
            }
        }
    }

    /** However often, unlike work: nothing of it is lost, and nobody's process has died. */
    @Test
    void recordsWaitForWhatItTakesToReadThem() throws Exception {
        publish("waiting-1", "an apple");
        publish("waiting-2", "a pear");
        publishBytes(key("malformed"), "no event at all".getBytes(UTF_8));
        AtomicBoolean away = new AtomicBoolean(true);
        AtomicInteger attempts = new AtomicInteger();
        EchoStage reading =
                new EchoStage(input, output) {
                    @Override
                    public CaptionSubmitted decode(ConsumerRecord<byte[], byte[]> record) {
                        attempts.incrementAndGet();
                        if (away.get()) {
                            throw new TransientException("the registry is away", null);
                        }
                        return super.decode(record);
                    }
                };
        List<String> topics = List.of(output.name(), Topics.DEAD_LETTERS.name());
        try (StageRunner<?> runner = runner(reading, KafkaProducer::new);
                TopicLog committed = new TopicLog(kafka, "read_committed", topics)) {
            runner.start();
            await().atMost(LONG).until(() -> attempts.get() >= 3 + 2 * SHORT.attempts());
            assertThat(runner.health().live()).isTrue();
            assertThat(runner.health().ready()).isFalse();
            assertThat(runner.health().message()).contains("the registry is away");
            away.set(false);
            await().atMost(LONG).until(() -> customIds(committed).size() == 2);
            await().atMost(LONG).until(() -> deadLetters(committed).size() == 1);
            await().atMost(LONG).until(() -> runner.health().ready());
            assertThat(runner.failure().toCompletableFuture()).isNotDone();
        }
    }

    @Test
    void outputThatIsTooLargeForARecordFailsItsOwnRecordOnly() throws Exception {
        publish("good", "an apple");
        publish("huge", "a pear");
        EchoStage large =
                new EchoStage(input, output) {
                    @Override
                    public void process(List<CaptionSubmitted> batch, Outbox out) {
                        for (int i = 0; i < batch.size(); i++) {
                            CaptionSubmitted caption = batch.get(i);
                            if (caption.getCustomId().equals("huge")) {
                                caption =
                                        CaptionSubmitted.newBuilder(caption)
                                                .setImagePrompt(ByteBuffer.allocate(2 << 20))
                                                .build();
                            }
                            out.send(i, output, request(caption), caption);
                        }
                    }
                };
        List<String> topics = List.of(output.name(), Topics.DEAD_LETTERS.name());
        try (StageRunner<?> runner = runner(large, KafkaProducer::new);
                TopicLog committed = new TopicLog(kafka, "read_committed", topics)) {
            runner.start();
            await().atMost(LONG).until(() -> customIds(committed).equals(List.of("good")));
            await().atMost(LONG).until(() -> deadLetters(committed).size() == 1);
            assertThat(header(deadLetters(committed).get(0), DeadLetters.REASON_CODE))
                    .isEqualTo(ReasonCodes.INVALID_OPTION);
        }
    }

    @Test
    void everyAssignedPartitionHasACommittedOffsetThoughNoRecordCame() throws Exception {
        try (StageRunner<?> runner = runner(echo(), KafkaProducer::new);
                Admin admin = Admin.create(kafka.admin())) {
            runner.start();
            await().atMost(LONG)
                    .until(
                            () ->
                                    admin.listConsumerGroupOffsets(echo().name())
                                                    .partitionsToOffsetAndMetadata()
                                                    .get()
                                                    .size()
                                            == 2 * PARTITIONS);
        }
    }

    @Test
    void newPartitionsAreReadOnceTheyAreNoticed() throws Exception {
        kafkaOfRunners =
                new KafkaSettings(broker.bootstrapServers(), Map.of("metadata.max.age.ms", "1000"));
        try (StageRunner<?> runner = runner(echo(), KafkaProducer::new);
                Admin admin = Admin.create(kafka.admin());
                TopicLog committed = new TopicLog(kafka, "read_committed", names(output))) {
            runner.start();
            publish("before", "an apple");
            await().atMost(LONG).until(() -> customIds(committed).contains("before"));
            raise(admin, input);
            for (int partition = PARTITIONS; partition < 2 * PARTITIONS; partition++) {
                publish("new-" + partition, partition);
            }
            await().atMost(LONG).until(() -> customIds(committed).size() == 1 + PARTITIONS);
        }
    }

    /** Or the candidates of a request would be apart where partitions are added meanwhile. */
    @Test
    void whatFollowsIsInThePartitionOfItsRecordIfThereIsOne() throws Exception {
        EchoStage stage = new EchoStage(input, output.followingInput());
        try (StageRunner<?> runner = runner(stage, KafkaProducer::new);
                Admin admin = Admin.create(kafka.admin());
                TopicLog committed = new TopicLog(kafka, "read_committed", names(output))) {
            raise(admin, input);
            publish("without", PARTITIONS + 1);
            runner.start();
            await().atMost(LONG).until(() -> committed.read(output.name()).size() == 1);
            raise(admin, output); // the runner's producer does not know it yet
            publish("with", PARTITIONS + 1);
            publish("other", PARTITIONS);
            await().atMost(LONG).until(() -> partitions(admin).size() == 3);
            assertThat(partitions(admin)).containsOnlyKeys(1, PARTITIONS, PARTITIONS + 1);
        }
    }

    private static void raise(Admin admin, Topic<?> topic) throws Exception {
        admin.createPartitions(Map.of(topic.name(), NewPartitions.increaseTo(2 * PARTITIONS)))
                .all()
                .get();
    }

    private void publish(String customId, int partition) throws Exception {
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            producer.send(
                            new ProducerRecord<>(
                                    input.name(),
                                    partition,
                                    key(customId).getBytes(UTF_8),
                                    EventCodec.encode(event(customId, "a pear"))))
                    .get();
        }
    }

    /** Where each of the output ends; not those where nothing is. */
    private Map<Integer, Long> partitions(Admin admin) throws Exception {
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        for (int partition = 0; partition < 2 * PARTITIONS; partition++) {
            latest.put(new TopicPartition(output.name(), partition), OffsetSpec.latest());
        }
        Map<Integer, Long> ends = new HashMap<>();
        admin.listOffsets(latest)
                .all()
                .get()
                .forEach((partition, end) -> ends.put(partition.partition(), end.offset()));
        ends.values().removeIf(end -> end == 0);
        return ends;
    }

    @Test
    void workForRevokedPartitionsIsDroppedAndDoneByTheNewOwner() throws Exception {
        List<String> customIds = IntStream.range(0, 40).mapToObj(i -> "line-" + i).toList();
        for (String customId : customIds) {
            publish(customId, "an apple");
        }
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        EchoStage slow =
                new EchoStage(input, output) {
                    @Override
                    public void process(List<CaptionSubmitted> batch, Outbox out) {
                        working.countDown();
                        awaitLatch(goOn);
                        super.process(batch, out);
                    }
                };
        try (StageRunner<?> first = runner(slow, KafkaProducer::new);
                StageRunner<?> second = runner(echo(), KafkaProducer::new);
                TopicLog committed =
                        new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            first.start();
            awaitLatch(working);
            second.start();
            await().atMost(LONG).until(() -> !committed.read(output.name()).isEmpty());
            int takenOver = committed.read(output.name()).size();
            assertThat(takenOver).isLessThan(customIds.size());

            goOn.countDown();
            await().atMost(LONG)
                    .until(() -> committed.read(output.name()).size() >= customIds.size());
            assertThat(customIds(committed)).containsExactlyInAnyOrderElementsOf(customIds);
        }
    }

    @Test
    void anInteractiveRecordOvertakesThousandsOfBulkOnes() throws Exception {
        publishMany(Lane.BULK, "bulk-", 3_000);
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        List<String> order = new CopyOnWriteArrayList<>(); // read while it grows
        EchoStage stage =
                new RecordingStage(10, order) {
                    @Override
                    public void process(List<CaptionSubmitted> batch, Outbox out) {
                        working.countDown();
                        awaitLatch(goOn);
                        super.process(batch, out);
                    }
                };
        try (StageRunner<?> runner = runner(stage, KafkaProducer::new)) {
            runner.start();
            awaitLatch(working);
            publishMany(Lane.INTERACTIVE, "now-", 1);
            goOn.countDown();
            await().atMost(LONG).until(() -> order.contains("now-0"));
        }
        assertThat(order.indexOf("now-0")).isLessThan(600);
    }

    @Test
    void bulkRecordsGoOnUnderAStreamOfInteractiveOnes() throws Exception {
        publishMany(Lane.INTERACTIVE, "now-", 2_000);
        publishMany(Lane.BULK, "bulk-", 20);
        List<String> order = new CopyOnWriteArrayList<>(); // read while it grows
        try (StageRunner<?> runner = runner(new RecordingStage(5, order), KafkaProducer::new)) {
            runner.start();
            await().atMost(LONG)
                    .until(() -> order.stream().filter(id -> id.startsWith("bulk")).count() == 20);
            List<String> untilThen = List.copyOf(order);
            assertThat(untilThen).filteredOn(id -> id.startsWith("now")).hasSizeLessThan(1_000);
        }
    }

    @Test
    void whatFollowsFromARecordStaysInItsLane() throws Exception {
        publishMany(Lane.BULK, "bulk-", 40);
        publishMany(Lane.INTERACTIVE, "now-", 40);
        publishBytes(input.in(Lane.INTERACTIVE), key("malformed"), new byte[] {1});
        EchoStage filling =
                new EchoStage(input, output) {
                    @Override
                    public int fill(List<CaptionSubmitted> taken, List<CaptionSubmitted> waiting) {
                        return waiting.size();
                    }
                };
        List<String> topics = new ArrayList<>(names(output));
        topics.addAll(List.of(Topics.DEAD_LETTERS.name(), Topics.RESULTS.name()));
        try (StageRunner<?> runner = runner(filling, KafkaProducer::new);
                TopicLog committed = new TopicLog(kafka, "read_committed", topics)) {
            runner.start();
            await().atMost(LONG).until(() -> customIds(committed).size() == 80);
            await().atMost(LONG).until(() -> results(committed).size() == 1);
            for (Lane lane : Lane.values()) {
                assertThat(customIds(committed, lane))
                        .hasSize(40)
                        .allMatch(id -> id.startsWith(lane == Lane.BULK ? "bulk-" : "now-"));
            }
            assertThat(
                            committed.read(Topics.DEAD_LETTERS.name()).stream()
                                    .map(letter -> header(letter, DeadLetters.TOPIC)))
                    .contains(input.in(Lane.INTERACTIVE).name());
        }
    }

    /** Each worker has partitions of both lanes, however they are shared out. */
    @Test
    void aSecondWorkerTakesItsShareOfBothLanes() throws Exception {
        publishMany(Lane.BULK, "bulk-", 40);
        publishMany(Lane.INTERACTIVE, "now-", 40);
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        EchoStage slow =
                new EchoStage(input, output) {
                    @Override
                    public int fill(List<CaptionSubmitted> taken, List<CaptionSubmitted> waiting) {
                        return waiting.size();
                    }

                    @Override
                    public void process(List<CaptionSubmitted> batch, Outbox out) {
                        working.countDown();
                        awaitLatch(goOn);
                        super.process(batch, out);
                    }
                };
        try (StageRunner<?> first = runner(slow, KafkaProducer::new);
                StageRunner<?> second = runner(echo(), KafkaProducer::new);
                TopicLog committed = new TopicLog(kafka, "read_committed", names(output))) {
            first.start();
            awaitLatch(working);
            second.start();
            for (Lane lane : Lane.values()) {
                await().atMost(LONG).until(() -> !customIds(committed, lane).isEmpty());
            }
            goOn.countDown();
            await().atMost(LONG).until(() -> customIds(committed).size() >= 80);
            assertThat(customIds(committed)).hasSize(80).doesNotHaveDuplicates();
        }
    }

    /** Notes the order in which it gets its events, so many at a time. */
    private class RecordingStage extends EchoStage {
        private final int most;
        private final List<String> order;

        RecordingStage(int most, List<String> order) {
            super(input, output);
            this.most = most;
            this.order = order;
        }

        @Override
        public int maxBatch() {
            return most;
        }

        @Override
        public void process(List<CaptionSubmitted> batch, Outbox out) {
            batch.forEach(caption -> order.add(caption.getCustomId()));
            super.process(batch, out);
        }
    }

    /**
     * The poll thread comes round once more after the work has ended, and still commits nothing.
     */
    @Test
    void closeEndsWorkThatAsks() throws Exception {
        publish("a", "an apple");
        CountDownLatch held = new CountDownLatch(1);
        AtomicReference<Thread> worker = new AtomicReference<>();
        EchoStage endless =
                new EchoStage(input, output) {
                    @Override
                    public void process(List<CaptionSubmitted> batch, Outbox out) {
                        long beganNanos = System.nanoTime();
                        worker.set(Thread.currentThread());
                        while (out.keepGoing() || !isOver(PassedOffsets.PERIOD, beganNanos)) {
                            Thread.onSpinWait();
                        }
                    }

                    @Override
                    public Topic<CaptionSubmitted> input() {
                        Thread thread = worker.get();
                        if (thread != null && Thread.currentThread().getName().endsWith("-poll")) {
                            held.countDown();
                            await().atMost(LONG)
                                    .until(() -> thread.getState() == Thread.State.WAITING);
                        }
                        return super.input();
                    }
                };
        try (StageRunner<?> runner = runner(endless, KafkaProducer::new)) {
            runner.start();
            awaitLatch(held);
        }
        try (StageRunner<?> runner = runner(echo(), KafkaProducer::new);
                TopicLog committed =
                        new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            runner.start();
            await().atMost(LONG).until(() -> customIds(committed).equals(List.of("a")));
        }
    }

    private static boolean isOver(Duration duration, long sinceNanos) {
        return System.nanoTime() - sinceNanos > duration.toNanos();
    }

    @Test
    void modelThatCannotBeOpenedStopsTheRunnerBeforeItConsumes() throws Exception {
        EchoStage broken =
                new EchoStage(input, output) {
                    @Override
                    public void open() {
                        throw new FatalException("model.json is missing");
                    }
                };
        try (StageRunner<?> runner = runner(broken, KafkaProducer::new)) {
            runner.start();
            assertThat(runner.failure().toCompletableFuture().get())
                    .hasMessage("model.json is missing");
        }
    }

    private EchoStage echo() {
        return new EchoStage(input, output);
    }

    private StageRunner<?> runner(
            EchoStage stage, Function<Map<String, Object>, Producer<byte[], byte[]>> producers) {
        return new StageRunner<>(
                stage, kafkaOfRunners, meters, Clock.systemUTC(), SHORT, producers);
    }

    private interface Step {
        void run() throws Exception;
    }

    private static Function<Map<String, Object>, Producer<byte[], byte[]>> beforeCommit(Step step) {
        return config ->
                intercept(
                        new KafkaProducer<>(config),
                        producer -> {
                            producer.flush();
                            step.run();
                            producer.commitTransaction();
                        });
    }

    private interface Commit {
        void run(Producer<byte[], byte[]> producer) throws Exception;
    }

    /** The producer, but for its commitTransaction. */
    @SuppressWarnings("unchecked")
    private static Producer<byte[], byte[]> intercept(
            Producer<byte[], byte[]> producer, Commit commit) {
        return (Producer<byte[], byte[]>)
                Proxy.newProxyInstance(
                        Producer.class.getClassLoader(),
                        new Class<?>[] {Producer.class},
                        (proxy, method, args) -> {
                            if (method.getName().equals("commitTransaction")) {
                                commit.run(producer);
                                return null;
                            }
                            try {
                                return method.invoke(producer, args);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    private String key(String customId) {
        return Ids.key(jobId, Ids.requestId(jobId, customId));
    }

    private void publish(String customId, String caption) throws Exception {
        publishBytes(key(customId), EventCodec.encode(event(customId, caption)));
    }

    private CaptionSubmitted event(String customId, String caption) {
        return CaptionSubmitted.newBuilder()
                .setJobId(jobId)
                .setCustomId(customId)
                .setCaption(caption)
                .setSubmittedAt(NOON)
                .build();
    }

    private void publishBytes(String key, byte[] value) throws Exception {
        publishBytes(input, key, value);
    }

    private void publishBytes(Topic<?> topic, String key, byte[] value) throws Exception {
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            producer.send(new ProducerRecord<>(topic.name(), key.getBytes(UTF_8), value)).get();
        }
    }

    private void publishMany(Lane lane, String prefix, int count) throws Exception {
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            List<Future<?>> sent = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                String customId = prefix + i;
                sent.add(
                        producer.send(
                                new ProducerRecord<>(
                                        input.in(lane).name(),
                                        key(customId).getBytes(UTF_8),
                                        EventCodec.encode(event(customId, "an apple")))));
            }
            for (Future<?> one : sent) {
                one.get();
            }
        }
    }

    private static List<String> names(Topic<?> topic) {
        return topic.lanes().stream().<String>map(Topic::name).toList();
    }

    /** Of this test's job: the topic is everyone's. */
    private List<ConsumerRecord<byte[], byte[]>> deadLetters(TopicLog log) {
        return log.read(Topics.DEAD_LETTERS.name()).stream()
                .filter(letter -> header(letter, DeadLetters.TOPIC).equals(input.name()))
                .toList();
    }

    private List<RequestFinished> results(TopicLog log) {
        return log.read(Topics.RESULTS.name()).stream()
                .map(record -> EventCodec.decode(RequestFinished.class, record.value()))
                .filter(result -> result.getRequest().getJobId().equals(jobId))
                .toList();
    }

    private List<String> jsonResults(TopicLog log) {
        return log.read(Topics.RESULTS_JSON.name()).stream()
                .map(record -> new String(record.value(), UTF_8))
                .filter(line -> line.contains("\"job_id\":\"%s\"".formatted(jobId)))
                .toList();
    }

    private List<String> customIds(TopicLog log) {
        return Stream.of(Lane.values()).flatMap(lane -> customIds(log, lane).stream()).toList();
    }

    private List<String> customIds(TopicLog log, Lane lane) {
        return log.read(output.in(lane).name()).stream()
                .map(record -> EventCodec.decode(CaptionSubmitted.class, record.value()))
                .map(CaptionSubmitted::getCustomId)
                .toList();
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value(), UTF_8);
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
