package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Berlin is at +01:00 in winter and at +02:00 in summer. */
class JobWindowTest {

    @ParameterizedTest(name = "{0} at {1}: opens {2}, closes {3}")
    @CsvSource({
        // before, in and after a night
        "22:00-06:00 Europe/Berlin, 2026-11-26T20:59:59Z, 2026-11-26T21:00:00Z, 2026-11-27T05:00:00Z",
        "22:00-06:00 Europe/Berlin, 2026-11-26T23:30:00Z, 2026-11-26T23:30:00Z, 2026-11-27T05:00:00Z",
        "22:00-06:00 Europe/Berlin, 2026-11-27T04:59:59Z, 2026-11-27T04:59:59Z, 2026-11-27T05:00:00Z",
        "22:00-06:00 Europe/Berlin, 2026-11-27T05:00:00Z, 2026-11-27T21:00:00Z, 2026-11-28T05:00:00Z",
        // within a day, and up to midnight
        "09:30-17:00 America/New_York, 2026-01-05T13:00:00Z, 2026-01-05T14:30:00Z, 2026-01-05T22:00:00Z",
        "18:00-00:00 UTC, 2026-01-05T23:59:59Z, 2026-01-05T23:59:59Z, 2026-01-06T00:00:00Z",
        "18:00-00:00 +05:30, 2026-01-05T00:00:00Z, 2026-01-05T12:30:00Z, 2026-01-05T18:30:00Z",
        // a night of seven hours: 02:00 becomes 03:00 on 29 March, and one of nine on 25 October
        "22:00-06:00 Europe/Berlin, 2026-03-28T22:00:00Z, 2026-03-28T22:00:00Z, 2026-03-29T04:00:00Z",
        "22:00-06:00 Europe/Berlin, 2026-10-24T20:00:00Z, 2026-10-24T20:00:00Z, 2026-10-25T05:00:00Z",
        // 02:30 is skipped: at its beginning the clock is past it, at its end no longer before it
        "02:30-05:00 Europe/Berlin, 2026-03-29T00:00:00Z, 2026-03-29T01:00:00Z, 2026-03-29T03:00:00Z",
        "01:00-02:30 Europe/Berlin, 2026-03-29T00:59:59Z, 2026-03-29T00:59:59Z, 2026-03-29T01:00:00Z",
        // all of it is skipped: none that day
        "02:10-02:50 Europe/Berlin, 2026-03-29T00:30:00Z, 2026-03-30T00:10:00Z, 2026-03-30T00:50:00Z",
        // 02:30 comes twice: the first counts
        "02:30-05:00 Europe/Berlin, 2026-10-25T00:00:00Z, 2026-10-25T00:30:00Z, 2026-10-25T04:00:00Z",
        "01:00-02:30 Europe/Berlin, 2026-10-25T00:29:59Z, 2026-10-25T00:29:59Z, 2026-10-25T00:30:00Z",
    })
    void opensAndClosesByTheClockOnTheWall(String text, Instant at, Instant opens, Instant closes) {
        JobWindow window = JobWindow.parse(text);

        assertThat(window.opening(at)).isEqualTo(opens);
        assertThat(window.closing(at)).isEqualTo(closes);
        assertThat(window.isOpen(at)).isEqualTo(opens.equals(at));
        assertThat(window.isOpen(closes)).isFalse();
        assertThat(window).hasToString(text);
    }

    @Test
    void aStartInTheWindowCountsFromThen() {
        Schedule schedule =
                Schedule.parse("2026-11-27T01:00:00+01:00", "22:00-06:00 Europe/Berlin", null);
        Instant evening = Instant.parse("2026-11-26T22:00:00Z");

        assertThat(schedule.waitingFor(evening)).isEqualTo("start_after 2026-11-27T00:00:00Z");
        assertThat(schedule.mayRun(Instant.parse("2026-11-27T00:00:00Z"))).isTrue();
        assertThat(schedule.closing(evening)).isEqualTo("2026-11-27T05:00:00Z");
        assertThat(schedule.waitingFor(Instant.parse("2026-11-27T05:00:00Z")))
                .isEqualTo("window opens 2026-11-27T21:00:00Z");
    }
}
