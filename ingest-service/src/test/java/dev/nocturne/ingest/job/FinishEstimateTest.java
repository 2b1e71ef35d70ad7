package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.nocturne.ingest.job.FinishEstimate.Work;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FinishEstimateTest {

    private static final Instant NOW = Instant.parse("2026-11-26T20:00:00Z");
    private static final Schedule NIGHT =
            Schedule.parse(null, "22:00-06:00 Europe/Berlin", null); // 21:00 to 05:00 UTC

    private static Map<String, Instant> finishes(double rate, Work... work) {
        return FinishEstimate.finishes(List.of(work), rate, NOW);
    }

    @Test
    void aJobAloneHasTheWholePipeline() {
        assertThat(finishes(10, new Work("a", 6_000, Schedule.AT_ONCE)))
                .isEqualTo(Map.of("a", NOW.plusSeconds(600)));
    }

    @Test
    void jobsShareUntilTheSmallerIsFinished() {
        assertThat(
                        finishes(
                                10,
                                new Work("large", 6_000, Schedule.AT_ONCE),
                                new Work("small", 1_000, Schedule.AT_ONCE)))
                .isEqualTo(Map.of("small", NOW.plusSeconds(200), "large", NOW.plusSeconds(700)));
    }

    @Test
    void aJobWaitsForItsWindowAndPausesBetween() {
        // 8 hours a night at 1 per second
        assertThat(finishes(1, new Work("a", 8 * 3_600 + 60, NIGHT)))
                .isEqualTo(Map.of("a", Instant.parse("2026-11-27T21:01:00Z")));
    }

    @Test
    void aWindowThatOpensTakesItsShareFromTheOthers() {
        // alone for an hour, then half of the rate
        assertThat(
                        finishes(
                                1,
                                new Work("always", 5_400, Schedule.AT_ONCE),
                                new Work("night", 3_600, NIGHT)))
                .isEqualTo(
                        Map.of(
                                "always", Instant.parse("2026-11-26T22:00:00Z"),
                                "night", Instant.parse("2026-11-26T22:30:00Z")));
    }

    @Test
    void manyJobsAreEstimatedAtOnce() {
        Work[] work = new Work[3_000];
        for (int i = 0; i < work.length; i++) {
            work[i] = new Work("job-" + i, 1_000 + i, i % 2 == 0 ? Schedule.AT_ONCE : NIGHT);
        }

        assertThat(assertTimeout(Duration.ofSeconds(30), () -> finishes(100, work))).isNotEmpty();
    }

    @Test
    void whatTakesYearsHasNoEstimate() {
        assertThat(finishes(1e-3, new Work("a", 1e9, NIGHT))).isEmpty();
    }

    @Test
    void theRangeIsThatOfTheRates() {
        List<Work> work = List.of(new Work("a", 6_000, Schedule.AT_ONCE));

        assertThat(FinishEstimate.of(work, new Throughput.Rates(5, 20), NOW))
                .isEqualTo(
                        Map.of(
                                "a",
                                new FinishEstimate(NOW.plusSeconds(300), NOW.plusSeconds(1_200))));
        assertThat(FinishEstimate.of(work, null, NOW)).isEmpty();
    }
}
