package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.ingest.IngestException;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleTest {

    @ParameterizedTest
    @CsvSource({
        "2026-11-26T22:00:00+01:00, 2026-11-26T21:00:00Z",
        "2026-11-26t22:00:00z, 2026-11-26T22:00:00Z",
        "2026-11-26T22:00Z, 2026-11-26T22:00:00Z",
        "2026-11-26T22:00:00.0625-00:00, 2026-11-26T22:00:00.062Z",
        "3483-07-06T19:55:33+18:10, 3483-07-06T01:45:33Z",
        "2026-11-26T22:00:00-23:59, 2026-11-27T21:59:00Z",
        "0001-01-01T00:00:00+00:01, 0000-12-31T23:59:00Z",
    })
    void timesAreThoseOfRfc3339(String text, Instant time) {
        assertThat(Schedule.parse(text, null, text)).isEqualTo(new Schedule(time, null, time));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "soon",
                "2026-11-26",
                "2026-11-26T22:00:00",
                "2026-02-30T22:00:00Z",
                "2026-11-26T22:00:00+24:00",
                "2026-11-26T22:00:00+01",
                "+999999999-12-31T23:59:59Z",
            })
    void otherTextsAreNone(String text) {
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(() -> Schedule.parse(null, null, text))
                .withMessageContaining("write date, time and offset like");
    }
}
