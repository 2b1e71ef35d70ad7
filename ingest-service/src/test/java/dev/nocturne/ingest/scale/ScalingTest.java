package dev.nocturne.ingest.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.Replay;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.lag.LagMonitor;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ScalingTest {

    private static final Instant NOW = Instant.parse("2026-01-01T20:00:00Z");
    private static final String JOB = "job-1";

    private final JobTable jobs = new JobTable(Clock.fixed(NOW, ZoneOffset.UTC));
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private String outage;
    private final Scaling scaling = new Scaling(jobs, () -> outage, meters);

    /** Of 100 requests with 16 candidates. */
    private void submit(int released, String window, Replay replay) {
        JobCreated created =
                JobCreated.newBuilder(JobStateTest.created("file-1", NOW.plusSeconds(86_400)))
                        .setWindow(window)
                        .setReplay(replay)
                        .build();
        jobs.add(new JobEvent(JOB, NOW, created));
        jobs.add(JobStateTest.submitted(JOB, 100));
        jobs.add(new JobEvent(JOB, NOW, new JobReleased(0, 100, 1_600L)));
        if (released > 0) {
            int held = 100 - released;
            jobs.add(new JobEvent(JOB, NOW, new JobReleased(released, held, 16L * held)));
        }
    }

    private void measured(Reports lag) {
        scaling.measured(new LagMonitor.State(lag.at(NOW), null));
    }

    /** By service. */
    private Map<String, Double> values(String name) {
        Map<String, Double> values = new TreeMap<>();
        for (Gauge gauge : meters.find("nocturne.workers." + name).gauges()) {
            values.put(gauge.getId().getTag("service"), gauge.value());
        }
        return values;
    }

    private void assertWanted(int encoders, int generators, int decoders) {
        assertThat(values("wanted"))
                .isEqualTo(
                        Map.of(
                                "encoder-worker", 1.0 * encoders,
                                "generator-worker", 1.0 * generators,
                                "decoder-worker", 1.0 * decoders));
    }

    private void assertBacklog(int encoders, int generators, int decoders) {
        assertThat(values("backlog.candidates"))
                .isEqualTo(
                        Map.of(
                                "encoder-worker", 1.0 * encoders,
                                "generator-worker", 1.0 * generators,
                                "decoder-worker", 1.0 * decoders));
    }

    @Test
    void withoutWorkThereIsNobody() {
        measured(new Reports().members("generator", 3));
        assertWanted(0, 0, 0);
        assertBacklog(0, 0, 0);
        assertThat(values("candidates.per.second")).isEmpty();
    }

    @Test
    void workIsWantedOfEveryStageThatItHasNotPassed() {
        submit(100, null, null);
        measured(new Reports().waiting("encoder", 3));
        assertWanted(1, 1, 1);
        assertBacklog(1_600, 1_600, 1_600);

        measured(new Reports().waiting("generator", 3));
        assertWanted(0, 1, 1);
        assertBacklog(0, 1_600, 1_600);

        measured(new Reports().waiting("publisher", 1));
        assertWanted(0, 0, 1);

        measured(new Reports());
        assertWanted(0, 0, 0);
    }

    @Test
    void whatIsHeldBackIsWorkForAll() {
        submit(10, null, null);
        measured(new Reports().waiting("scorer", 1));
        assertWanted(1, 1, 1);
        assertBacklog(1_440, 1_440, 1_600);
    }

    @Test
    void outsideOfTheWindowAllGo() {
        submit(10, "08:00-09:00 UTC", null);
        measured(new Reports().waiting("generator", 1));
        assertWanted(0, 1, 1);
        measured(new Reports());
        assertWanted(0, 0, 0);
    }

    @Test
    void whatIsNotDrawnAgainIsWorkForDecodersAlone() {
        submit(0, null, new Replay("job-0", 4, true));
        measured(new Reports());
        assertWanted(0, 0, 1);
    }

    /** The unknown is not shown: nobody is started or stopped for it. */
    @Test
    void whatIsNotKnownIsNotThere() {
        measured(new Reports().unknown("generator"));
        assertThat(values("wanted")).containsOnlyKeys("encoder-worker");

        measured(new Reports());
        outage = "the log is read";
        measured(new Reports());
        assertThat(values("wanted")).isEmpty();

        outage = null;
        measured(new Reports());
        scaling.measured(new LagMonitor.State(null, "the brokers are away"));
        assertThat(values("wanted")).isEmpty();
        assertThat(values("backlog.candidates")).isEmpty();
    }
}
