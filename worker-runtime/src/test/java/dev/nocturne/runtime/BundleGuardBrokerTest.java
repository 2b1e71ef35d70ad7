package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Workers of two model bundles in one pipeline. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class BundleGuardBrokerTest {

    private static final Duration LONG = Duration.ofMinutes(1);

    @TempDir static Path dataDir;
    private static EmbeddedBroker broker;
    private static KafkaSettings kafka;

    @BeforeAll
    static void startBroker() {
        broker = EmbeddedBroker.start(dataDir, 0);
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        TopicAdmin.createMissing(kafka);
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    /** Sends captions on; what stands before a colon in a custom id is the model that made it. */
    private static final class ModelEcho extends EchoStage
            implements BundleStage<CaptionSubmitted> {
        private final String model;

        ModelEcho(Topic<CaptionSubmitted> input, Topic<CaptionSubmitted> output, String model) {
            super(input, output);
            this.model = model;
        }

        @Override
        public String bundle() {
            return model;
        }

        @Override
        public List<Integer> sizes() {
            return List.of(16, 64);
        }

        @Override
        public String madeBy(CaptionSubmitted caption) {
            String id = caption.getCustomId();
            return id.contains(":") ? id.substring(0, id.indexOf(':')) : null;
        }

        @Override
        public boolean isLastOfRequest(CaptionSubmitted caption) {
            return caption.getOptions().getTop() == caption.getOptions().getCandidates();
        }
    }

    private static StageRunner<?> runner(BundleGuard<?> stage) {
        return new StageRunner<>(stage, kafka, new SimpleMeterRegistry(), Clock.systemUTC());
    }

    private static Topic<CaptionSubmitted> topic(String name) {
        Topic<CaptionSubmitted> topic =
                new Topic<>(
                        name, CaptionSubmitted.class, Topic.Key.REQUEST, 2, Optional.empty(), true);
        TopicAdmin.createMissing(kafka, List.copyOf(topic.lanes()));
        return topic;
    }

    private static CaptionSubmitted caption(String jobId, String customId) {
        return CaptionSubmitted.newBuilder()
                .setJobId(jobId)
                .setCustomId(customId)
                .setCaption("an apple")
                .setSubmittedAt(Instant.EPOCH)
                .setOptions(DrawingOptions.newBuilder().setCandidates(8).setTop(8).build())
                .build();
    }

    private static void publish(Topic<CaptionSubmitted> topic, CaptionSubmitted... captions) {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            for (CaptionSubmitted caption : captions) {
                String key =
                        Ids.key(
                                caption.getJobId(),
                                Ids.requestId(caption.getJobId(), caption.getCustomId()));
                producer.send(
                        new ProducerRecord<>(
                                topic.name(), key.getBytes(UTF_8), EventCodec.encode(caption)));
            }
        }
    }

    private static void deploy(String model) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            BundleDeployed event = new BundleDeployed(model, Instant.now(), 0, List.of());
            producer.send(new ProducerRecord<>(Topics.DEPLOYMENTS.name(), EventCodec.encode(event)))
                    .get();
        }
    }

    private static List<CaptionSubmitted> of(
            String jobId, List<ConsumerRecord<byte[], byte[]>> records) {
        return records.stream()
                .map(record -> EventCodec.decode(CaptionSubmitted.class, record.value()))
                .filter(caption -> caption.getJobId().equals(jobId))
                .toList();
    }

    /** The sizes of its deliveries do not matter: nothing of it is committed. */
    @Test
    void aWorkerWithAnotherBundleWaitsAndTheRightOneGoesOn() throws Exception {
        deploy("right@1");
        String job = "wrong-worker";
        Topic<CaptionSubmitted> in = topic("wrong-worker-in");
        Topic<CaptionSubmitted> output = topic("wrong-worker-out");
        try (StageRunner<?> wrong =
                        runner(
                                BundleGuard.of(
                                        new ModelEcho(in, output, "wrong@1"),
                                        kafka,
                                        Clock.systemUTC()));
                TopicLog log =
                        new TopicLog(
                                kafka,
                                "read_committed",
                                List.of(output.name(), Topics.DEAD_LETTERS.name()))) {
            wrong.start();
            publish(in, caption(job, "right@1:a"), caption(job, "right@1:b"));
            await().atMost(LONG)
                    .until(() -> wrong.health().message().contains("wrong@1, deployed is right@1"));
            assertThat(wrong.health().live()).isTrue();
            assertThat(wrong.health().ready()).isFalse();
            try (StageRunner<?> right =
                    runner(
                            BundleGuard.of(
                                    new ModelEcho(in, output, "right@1"),
                                    kafka,
                                    Clock.systemUTC()))) {
                right.start();
                await().atMost(LONG).until(() -> of(job, log.read(output.name())).size() == 2);
                deploy("wrong@1"); // now it is the other one that has to wait
                await().atMost(LONG).until(() -> wrong.health().ready());
                publish(in, caption(job, "wrong@1:c"));
                await().atMost(LONG).until(() -> of(job, log.read(output.name())).size() == 3);
                publish(in, caption(job, "wrong@1:d"), caption(job, "wrong@1:e"));
                publish(in, caption(job, "wrong@1:f"), caption(job, "wrong@1:g"));
                await().atMost(LONG).until(() -> of(job, log.read(output.name())).size() == 7);
                await().atMost(LONG).until(() -> right.health().message().contains(job));
                assertThat(right.health().message()).contains("right@1, deployed is wrong@1");
                assertThat(right.health().live()).isTrue();
                assertThat(right.health().ready()).isFalse();
            }
            assertThat(of(job, log.read(Topics.DEAD_LETTERS.name()))).isEmpty();
            assertThat(wrong.failure().toCompletableFuture()).isNotDone();
        }
    }

    @Test
    void workOfAnotherBundleIsSentAgainAsItsCaptionOnce() throws Exception {
        deploy("new@1");
        String job = "upgrade";
        Topic<CaptionSubmitted> in = topic("upgrade-in");
        Topic<CaptionSubmitted> output = topic("upgrade-out");
        CaptionSubmitted begun = caption(job, "old@1:begun");
        CaptionSubmitted unknown = caption(job, "of nobody knows whom");
        publish(Topics.CAPTIONS, begun, unknown);
        CaptionSubmitted first =
                CaptionSubmitted.newBuilder(begun)
                        .setOptions(DrawingOptions.newBuilder(begun.getOptions()).setTop(1).build())
                        .build();
        publish(in, first, caption(job, "new@1:own"), begun, unknown);
        publish(in, caption(job, "old@1:without its caption"), caption(job, "by hand"));
        List<String> topics =
                List.of(output.name(), Topics.CAPTIONS.name(), Topics.DEAD_LETTERS.name());
        try (StageRunner<?> runner =
                        runner(
                                BundleGuard.of(
                                        new ModelEcho(in, output, "new@1"),
                                        kafka,
                                        Clock.systemUTC()));
                TopicLog log = new TopicLog(kafka, "read_committed", topics)) {
            runner.start();
            await().atMost(LONG)
                    .until(() -> of(job, log.read(Topics.DEAD_LETTERS.name())).size() == 1);
            await().atMost(LONG).until(() -> of(job, log.read(output.name())).size() == 2);
            await().atMost(LONG).until(() -> of(job, log.read(Topics.CAPTIONS.name())).size() == 4);
            assertThat(of(job, log.read(output.name())))
                    .extracting(CaptionSubmitted::getCustomId)
                    .containsExactlyInAnyOrder("new@1:own", "by hand");
            assertThat(of(job, log.read(Topics.CAPTIONS.name())))
                    .containsExactlyInAnyOrder(begun, unknown, begun, unknown);
            ConsumerRecord<byte[], byte[]> letter =
                    log.read(Topics.DEAD_LETTERS.name()).stream()
                            .filter(record -> new String(record.key(), UTF_8).startsWith(job))
                            .findFirst()
                            .orElseThrow();
            assertThat(new String(letter.headers().lastHeader(DeadLetters.REASON_CODE).value()))
                    .isEqualTo(ReasonCodes.OTHER_MODEL);
            assertThat(new String(letter.headers().lastHeader(DeadLetters.REASON).value()))
                    .contains("made by model old@1, this worker has new@1");
        }
    }

    @Test
    void anEncoderTakesOverWhenNoneWithTheDeployedBundleIsLeft() throws Exception {
        deploy("before@1");
        Topic<CaptionSubmitted> in = topic("take-over-in");
        Topic<CaptionSubmitted> output = topic("take-over-out");
        StageRunner<?> before =
                runner(
                        BundleGuard.ofEncoder(
                                new ModelEcho(in, output, "before@1"), kafka, Clock.systemUTC()));
        try (StageRunner<?> after =
                runner(
                        BundleGuard.ofEncoder(
                                new ModelEcho(in, output, "after@1"), kafka, Clock.systemUTC()))) {
            before.start();
            await().atMost(LONG).until(() -> before.health().ready());
            try (DeployedBundle deployed = new DeployedBundle(kafka)) {
                assertThat(deployed.latest()).contains("before@1");
                assertThat(deployed.sizes())
                        .as("which was not said before")
                        .containsExactly(16, 64);
            }
            after.start();
            await().atMost(LONG)
                    .until(() -> after.health().message().contains("deployed is before@1"));
            publish(in, caption("take-over", "before@1:a"));
            try (TopicLog log = new TopicLog(kafka, "read_committed", List.of(output.name()))) {
                await().atMost(LONG).until(() -> log.read(output.name()).size() == 1);
            }
            assertThat(after.health().ready()).isFalse();
            before.close();
            await().atMost(LONG).until(() -> after.health().ready());
        } finally {
            before.close();
        }
        try (DeployedBundle deployed = new DeployedBundle(kafka)) {
            assertThat(deployed.latest()).contains("after@1");
            assertThat(deployed.sizes()).containsExactly(16, 64);
        }
    }

    /** A method that it forgot would silently have the default of every stage. */
    @Test
    void theGuardHasEveryMethodOfAStage() {
        assertThat(Stream.of(BundleGuard.class.getDeclaredMethods()).map(Method::getName).toList())
                .containsAll(Stream.of(Stage.class.getMethods()).map(Method::getName).toList());
    }
}
