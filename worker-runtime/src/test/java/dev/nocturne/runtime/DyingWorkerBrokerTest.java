package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that end in the middle of their work. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DyingWorkerBrokerTest {

    private static final Duration LONG = Duration.ofMinutes(1);
    private static final String DEADLY = "the end";
    private static final String JOB = "job-1";
    private static final int GOOD = 40;
    private static final int MOST_STARTS = 6;

    private static final Topic<CaptionSubmitted> INPUT = topic("dying-in");
    private static final Topic<CaptionSubmitted> OUTPUT = topic("dying-out");

    @TempDir Path folder;
    private EmbeddedBroker broker;
    private KafkaSettings kafka;

    private static Topic<CaptionSubmitted> topic(String name) {
        return new Topic<>(
                name, CaptionSubmitted.class, Topic.Key.REQUEST, 3, Optional.empty(), true);
    }

    /**
     * A worker until its process is ended, by somebody or by a record: {@code BROKER MEMBER}. Both
     * are bad moments: the work on a record, and the commit, when a transaction is open.
     */
    public static final class Worker {
        public static void main(String[] args) throws Exception {
            EchoStage stage =
                    new EchoStage(INPUT, OUTPUT) {
                        @Override
                        public void process(List<CaptionSubmitted> batch, Outbox out) {
                            if (batch.stream().anyMatch(c -> c.getCaption().equals(DEADLY))) {
                                Runtime.getRuntime().halt(134);
                            }
                            super.process(batch, out);
                        }
                    };
            // the same member, so that its session need not end before the next start
            Map<String, String> overrides =
                    args.length > 1 ? Map.of("group.instance.id", args[1]) : Map.of();
            Function<Map<String, Object>, Producer<byte[], byte[]>> producers =
                    config ->
                            new KafkaProducer<>(config) {
                                @Override
                                public void commitTransaction() {
                                    if (args.length > 1) {
                                        super.commitTransaction();
                                    } else {
                                        flush();
                                        Runtime.getRuntime().halt(137);
                                    }
                                }
                            };
            new StageRunner<>(
                            stage,
                            new KafkaSettings(args[0], overrides),
                            new SimpleMeterRegistry(),
                            Clock.systemUTC(),
                            Backoff.DEFAULT,
                            producers)
                    .start();
        }
    }

    @BeforeEach
    void start() {
        broker = EmbeddedBroker.start(folder.resolve("kafka"), 0);
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        TopicAdmin.createMissing(kafka);
        TopicAdmin.createMissing(
                kafka,
                Stream.of(INPUT, OUTPUT)
                        .<Topic<?>>flatMap(topic -> topic.lanes().stream())
                        .toList());
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void theDeadlyRecordIsGivenUpAndItsNeighboursAreFinishedOnce() throws Exception {
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            for (int i = 0; i < GOOD; i++) {
                if (i == GOOD / 2) {
                    producer.send(record("deadly", DEADLY));
                }
                producer.send(record("good-" + i, "an apple"));
            }
        }
        int starts = 0;
        List<String> topics = List.of(OUTPUT.name(), Topics.DEAD_LETTERS.name());
        try (TopicLog committed = new TopicLog(kafka, "read_committed", topics)) {
            while (!isDone(committed)) {
                assertThat(++starts).as("starts").isLessThanOrEqualTo(MOST_STARTS);
                Process worker = startWorker("member-1");
                try {
                    await().atMost(LONG).until(() -> !worker.isAlive() || isDone(committed));
                } finally {
                    worker.destroyForcibly().waitFor();
                }
            }
            assertThat(customIds(committed)).hasSize(GOOD).doesNotHaveDuplicates();
            assertThat(committed.read(Topics.DEAD_LETTERS.name()))
                    .singleElement()
                    .satisfies(
                            letter ->
                                    assertThat(new String(letter.key(), UTF_8))
                                            .isEqualTo(key("deadly")));
        }
        // one death may be an operator's
        assertThat(starts).isGreaterThan(2);
    }

    private static boolean isDone(TopicLog committed) {
        return customIds(committed).size() == GOOD
                && !committed.read(Topics.DEAD_LETTERS.name()).isEmpty();
    }

    /** Its session has to end, and the transaction that it left open. */
    @Test
    void theWorkOfADeadWorkerIsCommittedByAnotherWithin20Seconds() throws Exception {
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            for (int i = 0; i < GOOD; i++) {
                producer.send(record("good-" + i, "an apple"));
            }
        }
        assertThat(startWorker().waitFor()).isEqualTo(137);
        Instant died = Instant.now();
        try (StageRunner<?> other =
                        new StageRunner<>(
                                new EchoStage(INPUT, OUTPUT),
                                kafka,
                                new SimpleMeterRegistry(),
                                Clock.systemUTC());
                TopicLog committed =
                        new TopicLog(kafka, "read_committed", List.of(OUTPUT.name()))) {
            other.start();
            await().atMost(LONG).until(() -> customIds(committed).size() == GOOD);
            assertThat(customIds(committed)).doesNotHaveDuplicates();
        }
        assertThat(Duration.between(died, Instant.now())).isLessThan(Duration.ofSeconds(20));
    }

    private Process startWorker(String... member) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(Worker.class.getName(), broker.bootstrapServers()));
        command.addAll(List.of(member));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static ProducerRecord<byte[], byte[]> record(String customId, String caption) {
        CaptionSubmitted event =
                CaptionSubmitted.newBuilder()
                        .setJobId(JOB)
                        .setCustomId(customId)
                        .setCaption(caption)
                        .setSubmittedAt(Instant.EPOCH)
                        .build();
        return new ProducerRecord<>(
                INPUT.name(), key(customId).getBytes(UTF_8), EventCodec.encode(event));
    }

    private static String key(String customId) {
        return Ids.key(JOB, Ids.requestId(JOB, customId));
    }

    private static List<String> customIds(TopicLog committed) {
        List<ConsumerRecord<byte[], byte[]>> records = committed.read(OUTPUT.name());
        return records.stream()
                .map(record -> EventCodec.decode(CaptionSubmitted.class, record.value()))
                .map(CaptionSubmitted::getCustomId)
                .toList();
    }
}
