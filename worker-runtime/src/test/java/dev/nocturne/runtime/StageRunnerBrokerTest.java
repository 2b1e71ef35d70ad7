package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
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
    void createTopics(TestInfo test) throws Exception {
        jobId = test.getTestMethod().orElseThrow().getName();
        input = captions(jobId + "-in");
        output = captions(jobId + "-out");
        try (Admin admin = Admin.create(kafka.admin())) {
            admin.createTopics(
                            List.of(
                                    new NewTopic(input.name(), PARTITIONS, (short) 1),
                                    new NewTopic(output.name(), PARTITIONS, (short) 1)))
                    .all()
                    .get();
        }
    }

    private static Topic<CaptionSubmitted> captions(String name) {
        return new Topic<>(
                name, CaptionSubmitted.class, Topic.Key.REQUEST, PARTITIONS, Optional.empty());
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
                List.of(output.name(), Topics.DEAD_LETTERS.name(), Topics.RESULTS.name());
        try (StageRunner<?> runner = runner(echo(), heldBack);
                TopicLog uncommitted = new TopicLog(kafka, "read_uncommitted", topics);
                TopicLog committed = new TopicLog(kafka, "read_committed", topics)) {
            runner.start();
            await().atMost(LONG).until(() -> uncommitted.read(output.name()).size() == 2);
            await().atMost(LONG).until(() -> deadLetters(uncommitted).size() == 3);
            await().atMost(LONG).until(() -> results(uncommitted).size() == 3);
            assertThat(committed.read(output.name())).isEmpty();
            assertThat(deadLetters(committed)).isEmpty();
            assertThat(results(committed)).isEmpty();

            commit.countDown();
            await().atMost(LONG).until(() -> committed.read(output.name()).size() == 2);
            await().atMost(LONG).until(() -> deadLetters(committed).size() == 3);
            await().atMost(LONG).until(() -> results(committed).size() == 3);

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
    void workerThatFailsEveryRecordStops() throws Exception {
        for (int i = 0; i < 20; i++) {
            publish("bug-" + i, EchoStage.BUG);
        }
        EchoStage oneByOne =
                new EchoStage(input, output) {
                    @Override
                    public int take(List<CaptionSubmitted> waiting) {
                        return 1;
                    }
                };
        try (StageRunner<?> runner = runner(oneByOne, KafkaProducer::new)) {
            runner.start();
            assertThat(runner.failure().toCompletableFuture().get())
                    .hasMessageContaining("4 records in a row failed")
                    .hasMessageContaining("a bug");
        }
        assertThat(oneByOne.calls).hasValue(4);
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
    void closeEndsWorkThatAsks() throws Exception {
        publish("a", "an apple");
        CountDownLatch working = new CountDownLatch(1);
        EchoStage endless =
                new EchoStage(input, output) {
                    @Override
                    public void process(List<CaptionSubmitted> batch, Outbox out) {
                        working.countDown();
                        while (out.keepGoing()) {
                            Thread.onSpinWait();
                        }
                    }
                };
        try (StageRunner<?> runner = runner(endless, KafkaProducer::new)) {
            runner.start();
            awaitLatch(working);
        }
        try (StageRunner<?> runner = runner(echo(), KafkaProducer::new);
                TopicLog committed =
                        new TopicLog(kafka, "read_committed", List.of(output.name()))) {
            runner.start();
            await().atMost(LONG).until(() -> customIds(committed).equals(List.of("a")));
        }
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
        return new StageRunner<>(stage, kafka, meters, Clock.systemUTC(), SHORT, producers);
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
        CaptionSubmitted event =
                CaptionSubmitted.newBuilder()
                        .setJobId(jobId)
                        .setCustomId(customId)
                        .setCaption(caption)
                        .setSubmittedAt(NOON)
                        .build();
        publishBytes(key(customId), EventCodec.encode(event));
    }

    private void publishBytes(String key, byte[] value) throws Exception {
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            producer.send(new ProducerRecord<>(input.name(), key.getBytes(UTF_8), value)).get();
        }
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

    private List<String> customIds(TopicLog log) {
        return log.read(output.name()).stream()
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
