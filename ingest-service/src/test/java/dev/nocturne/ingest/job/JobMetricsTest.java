package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobMetricsTest {

    private static final Instant NOW = Instant.parse("2026-01-01T20:00:00Z");

    private final List<Job> open = new ArrayList<>();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    JobMetricsTest() {
        new JobMetrics(meters, () -> open, Clock.fixed(NOW, ZoneOffset.UTC));
    }

    /** Seconds from now; null: none. */
    private void add(int left, Integer deadline, Integer latestFinish) {
        open.add(
                new Job(
                        "job-1",
                        left == 0 ? Job.Status.FINALIZING : Job.Status.IN_PROGRESS,
                        new Job.Counts(9, 9 - left, 0, 0, 0, left),
                        NOW,
                        null,
                        0,
                        null,
                        latestFinish == null
                                ? null
                                : new FinishEstimate(NOW, NOW.plusSeconds(latestFinish)),
                        deadline == null ? null : NOW.plusSeconds(deadline),
                        false,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of()));
    }

    private double value(String name) {
        return meters.get("nocturne.jobs." + name).gauge().value();
    }

    @Test
    void theNextDeadlineAndTheWorstDelayCount() {
        add(4, 3_600, 600);
        add(5, 7_200, 9_000);
        add(2, null, 90_000);

        assertThat(value("open")).isEqualTo(3);
        assertThat(value("captions.open")).isEqualTo(11);
        assertThat(value("deadline.seconds")).isEqualTo(3_600);
        assertThat(value("late.seconds")).isEqualTo(1_800);
    }

    @Test
    void aDeadlineThatIsOverIsMissedWithoutAnEstimateToo() {
        add(4, -60, null);
        add(4, 60, null);

        assertThat(value("deadline.seconds")).isEqualTo(-60);
        assertThat(value("late.seconds")).isEqualTo(60);
    }

    @Test
    void whatHasNothingLeftOrNoDeadlineIsNotLate() {
        assertThat(value("late.seconds")).isNaN();

        add(0, -60, null);
        add(3, null, 10);
        assertThat(value("deadline.seconds")).isNaN();
        assertThat(value("late.seconds")).isNaN();
    }
}
