package dev.nocturne.standalone.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.ingest.job.Schedule;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class JobHoursTest {
    private static final double HOUR = 3600;

    /** Of the night in which clocks go back in Berlin: it has nine hours. */
    private final JobHours hours =
            new JobHours(
                    Schedule.parse(null, "22:00-06:00 Europe/Berlin", null),
                    Instant.parse("2026-10-24T19:00:00.250Z"));

    @Test
    void areThoseOfTheWindow() {
        double opening = HOUR - 0.25;
        assertThat(hours.opening(0)).isEqualTo(opening);
        assertThat(hours.opening(opening)).isEqualTo(opening);
        assertThat(hours.closing(opening)).isEqualTo(opening + 9 * HOUR);
        assertThat(hours.opening(opening + 9 * HOUR)).isEqualTo(opening + 25 * HOUR);
        assertThat(hours.end(0, 10 * HOUR)).isEqualTo(opening + 26 * HOUR);
        assertThat(hours.openSeconds(0, opening + 25.5 * HOUR)).isEqualTo(9.5 * HOUR);
    }

    @Test
    void withoutAWindowAreAll() {
        JobHours all = new JobHours(Schedule.AT_ONCE, Instant.EPOCH);
        assertThat(all.opening(1.5)).isEqualTo(1.5);
        assertThat(all.closing(1.5)).isInfinite();
        assertThat(all.end(5, 100)).isEqualTo(105);
        assertThat(all.openSeconds(5, 100)).isEqualTo(95);
    }
}
