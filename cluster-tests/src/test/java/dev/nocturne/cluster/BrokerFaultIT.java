package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A broker that dies, hangs, forgets, or is changed by hand. */
@Tag("faults")
class BrokerFaultIT {
    @TempDir static Path folder;
    private static Night night;

    @BeforeAll
    static void start() throws Exception {
        night = new Night(folder, new FaultReport());
    }

    @AfterAll
    static void end() throws Exception {
        night.close();
    }

    @Test
    void killed() throws Exception {
        night.survives(
                "the broker killed (-9) and started again",
                job -> {
                    night.cluster().broker().process().kill();
                    night.passes(Duration.ofSeconds(3));
                    night.cluster().broker().restart();
                });
    }

    @Test
    void hanging() throws Exception {
        night.survives(
                "the broker hangs for 20 s",
                job -> {
                    night.cluster().broker().process().suspend();
                    night.passes(Duration.ofSeconds(20));
                    night.cluster().broker().process().resume();
                });
    }

    @Test
    void anOpenTransaction() throws Exception {
        night.survives(
                "a producer of somebody else leaves a transaction open on captions",
                job -> openTransaction());
    }

    /** Killed in the middle of a transaction, as it were: nobody ends it. */
    private void openTransaction() throws Exception {
        Map<String, Object> config = night.kafka().transactionalProducer("somebody-else");
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config)) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(
                            new ProducerRecord<>(
                                    Topics.CAPTIONS.name(),
                                    0,
                                    null,
                                    "never committed".getBytes(UTF_8)))
                    .get();
            producer.close(Duration.ZERO);
        }
    }

    static Stream<Topic<?>> internalTopics() {
        return Stream.of(
                Topics.CAPTIONS,
                Topics.GENERATION_TASKS,
                Topics.TOKEN_GRIDS,
                Topics.SCORED_GRIDS,
                Topics.SELECTIONS,
                Topics.DEAD_LETTERS,
                Topics.CAPTIONS_JSON);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("internalTopics")
    void topicDeletedAndMadeAgain(Topic<?> topic) throws Exception {
        night.survives(
                "the topic %s deleted in the middle of a job".formatted(topic.name()),
                job -> {
                    try (Admin admin = night.admin()) {
                        admin.deleteTopics(Set.of(topic.name())).all().get();
                    }
                });
    }

    /** What it held is drawn again, so the counts fall once; the rest of the promise holds. */
    @Test
    void resultsDeletedAndMadeAgain() throws Exception {
        night.survives(
                "the topic results deleted in the middle of a job (counts fall)",
                List.of(),
                job -> {
                    try (Admin admin = night.admin()) {
                        admin.deleteTopics(Set.of(Topics.RESULTS.name())).all().get();
                    }
                },
                violation -> violation.startsWith("counts: ") && violation.contains(" fell from "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"results", "scored-grids", "captions", "generation-tasks"})
    void partitionsRaised(String topic) throws Exception {
        night.survives(
                "partitions of %s raised from 6 to 9".formatted(topic),
                job -> {
                    try (Admin admin = night.admin()) {
                        admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(9)))
                                .all()
                                .get();
                    }
                    night.passes(Duration.ofSeconds(40)); // rerank notices, and rebalances
                });
    }

    @Test
    void offsetsResetToTheEnd() throws Exception {
        night.survives(
                "the generator's offsets reset to latest",
                job -> {
                    night.putDown(Night.GENERATOR);
                    night.resetToLatest("generator", Topics.GENERATION_TASKS);
                    night.start(Night.GENERATOR, Night.GENERATOR, Map.of());
                });
    }

    @Test
    void retentionInTheMiddleOfAJob() throws Exception {
        night.survives(
                "retention deletes generation-tasks that nobody has read",
                job -> {
                    night.putDown(Night.GENERATOR);
                    night.truncate(Topics.GENERATION_TASKS);
                    night.start(Night.GENERATOR, Night.GENERATOR, Map.of());
                });
    }
}
