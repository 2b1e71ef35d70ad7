package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class ClockDifferenceTest {

    private static final String NOON = "Sun, 01 Mar 2026 12:00:00 GMT";

    @Test
    void aWrongClockIsNamedWithTheDifference() {
        assertThat(ClockDifference.describe(NOON, Instant.parse("2026-03-01T13:01:00Z")))
                .hasValueSatisfying(
                        text ->
                                assertThat(text)
                                        .contains("clock of this machine is 61 minutes ahead of"));
        assertThat(ClockDifference.describe(NOON, Instant.parse("2026-03-01T11:40:00Z")))
                .hasValueSatisfying(text -> assertThat(text).contains("20 minutes behind"));
    }

    @Test
    void clocksThatAgreeOrAreNotKnownAreNotBlamed() {
        assertThat(ClockDifference.describe(NOON, Instant.parse("2026-03-01T12:04:59Z"))).isEmpty();
        assertThat(ClockDifference.describe(null, Instant.EPOCH)).isEmpty();
        assertThat(ClockDifference.describe("yesterday", Instant.EPOCH)).isEmpty();
    }
}
