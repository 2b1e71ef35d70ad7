package dev.nocturne.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.nocturne.runtime.TopicAdmin;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.ToDoubleFunction;
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
        try (LagMonitor lag = new LagMonitor(kafka, new LagMetrics(registry), clock)) {
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
        try (LagMonitor lag = new LagMonitor(kafka, new LagMetrics(registry), clock)) {
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
}
