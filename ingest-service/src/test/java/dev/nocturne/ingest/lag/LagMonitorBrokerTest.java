package dev.nocturne.ingest.lag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.MovableClock;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class LagMonitorBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** Breaks or hangs while it is told to. */
    private static final class Registry extends SimpleMeterRegistry {
        final AtomicBoolean broken = new AtomicBoolean();
        final CountDownLatch hanging = new CountDownLatch(1);
        final AtomicBoolean hangs = new AtomicBoolean();

        @Override
        protected <T> Gauge newGauge(Meter.Id id, T obj, ToDoubleFunction<T> valueFunction) {
            if (broken.get()) {
                throw new IllegalStateException("broken");
            }
            if (hangs.get()) {
                await().atMost(PATIENCE).until(() -> hanging.getCount() == 0);
            }
            return super.newGauge(id, obj, valueFunction);
        }
    }

    private final Registry registry = new Registry();
    private final MovableClock clock = new MovableClock();

    @Test
    void anUnexpectedErrorWithdrawsTheReportAndTheNextMeasurementComes() {
        TopicAdmin.createMissing(kafka);
        registry.broken.set(true);
        try (LagMonitor lag = monitor()) {
            lag.start();
            await().atMost(PATIENCE).until(() -> "broken".equals(lag.state().outage()));
            registry.broken.set(false);
            await().atMost(PATIENCE).until(() -> lag.state().report() != null);
        }
    }

    @Test
    void anOldReportIsNotServed() {
        TopicAdmin.createMissing(kafka);
        registry.hangs.set(true);
        try (LagMonitor lag = monitor()) {
            lag.start();
            await().atMost(PATIENCE).until(() -> lag.state().report() != null);
            clock.ahead = Duration.ofMinutes(2);
            assertThatThrownBy(lag::latest)
                    .isInstanceOf(IngestException.class)
                    .hasMessageContaining("the last measurement is of");
            assertThat(lag.state().report()).isNull();
            registry.hanging.countDown();
        }
    }

    @Test
    void aMissingTopicIsNamedAndTheOtherStagesGoOn() throws Exception {
        TopicAdmin.createMissing(kafka);
        try (LagMonitor lag = monitor();
                Admin admin = Admin.create(kafka.admin())) {
            admin.deleteTopics(List.of(Topics.CAPTIONS.in(Lane.INTERACTIVE).name())).all().get();
            lag.start();
            await().atMost(PATIENCE).until(() -> "unknown".equals(verdict(lag, "encoder")));
            assertThat(stage(lag, "encoder").trouble())
                    .isEqualTo("topic captions.interactive is not there");
            assertThat(stage(lag, "encoder").lag()).isNull();
            assertThat(stage(lag, "encoder").lanes())
                    .extracting(LagReport.LaneLag::topic, LagReport.LaneLag::lag)
                    .containsExactly(tuple("captions.interactive", null), tuple("captions", 0L));
            assertThat(lag.state().report().stages())
                    .filteredOn(stage -> !stage.stage().equals("encoder"))
                    .extracting(StageLag::stage, StageLag::lag, StageLag::trouble)
                    .as("every group there is")
                    .containsExactly(
                            tuple("json-captions", 0L, null),
                            tuple("generator", 0L, null),
                            tuple("scorer", 0L, null),
                            tuple("rerank", 0L, null),
                            tuple("publisher", 0L, null),
                            tuple("previewer", 0L, null),
                            tuple("webhooks", 0L, null),
                            tuple("ingest-leader", 0L, null));
            assertThat(sumLag("encoder")).isNaN();
            assertThat(sumLag("generator")).isZero();

            TopicAdmin.createMissing(kafka);
            await().atMost(PATIENCE).until(() -> "idle".equals(verdict(lag, "encoder")));
            assertThat(stage(lag, "encoder").trouble()).isNull();
        }
    }

    @Test
    void whatAnOpenTransactionHoldsBackIsLagAndItsBeginningIsSaid() throws Exception {
        TopicAdmin.createMissing(kafka);
        String topic = Topics.CAPTIONS_JSON.name();
        Map<String, Object> config = kafka.transactionalProducer("open");
        config.put("transaction.timeout.ms", 120_000);
        try (LagMonitor lag = monitor();
                KafkaProducer<byte[], byte[]> open = new KafkaProducer<>(config);
                KafkaConsumer<byte[], byte[]> reader =
                        new KafkaConsumer<>(kafka.consumer("json-captions"))) {
            open.initTransactions();
            open.beginTransaction();
            // the writer's clock is no clock of ours
            open.send(new ProducerRecord<>(topic, 3, 1_000L, null, new byte[] {1})).get();
            producer.send(new ProducerRecord<>(topic, 3, 1_000L, null, new byte[] {2})).get();
            reader.subscribe(List.of(topic));
            lag.start();
            await().atMost(PATIENCE)
                    .until(
                            () -> {
                                reader.poll(Duration.ofMillis(10));
                                return "blocked".equals(verdict(lag, "json-captions"));
                            });
            StageLag blocked = stage(lag, "json-captions");
            assertThat(blocked.lag()).isEqualTo(2);
            assertThat(blocked.lagSeconds()).isBetween(0.0, 300.0);
            assertThat(blocked.trouble())
                    .startsWith("waits behind an open transaction since 20")
                    .contains(" (captions.json-3), until");
            assertThat(lag.state().report().isEmpty()).isFalse();

            open.commitTransaction();
            await().atMost(PATIENCE).until(() -> "working".equals(verdict(lag, "json-captions")));
            assertThat(stage(lag, "json-captions").trouble()).isNull();
            assertThat(stage(lag, "json-captions").lag()).isEqualTo(3);
        }
    }

    private LagMonitor monitor() {
        return new LagMonitor(
                kafka,
                PipelineStage.of(true, RegistrySettings.NONE),
                new LagMetrics(registry),
                clock);
    }

    private static StageLag stage(LagMonitor lag, String name) {
        return lag.latest().stages().stream()
                .filter(stage -> stage.stage().equals(name))
                .findAny()
                .orElseThrow();
    }

    /** Null before the first report. */
    private static String verdict(LagMonitor lag, String name) {
        return lag.state().report() == null
                ? null
                : stage(lag, name).verdict().name().toLowerCase(Locale.ROOT);
    }

    private double sumLag(String group) {
        return registry.get("kafka.consumergroup.group.sum.lag")
                .tag("group", group)
                .gauge()
                .value();
    }
}
