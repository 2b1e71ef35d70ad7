package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BodyLimitsTest {

    @Test
    void aBodyHasHalfAMinuteAndWhatItsBytesNeedOnASlowLine() {
        assertThat(BodyLimits.isLate(1, Duration.ofSeconds(30))).isFalse();
        assertThat(BodyLimits.isLate(1, Duration.ofSeconds(31))).isTrue();
        assertThat(BodyLimits.isLate(10 * 64 * 1024, Duration.ofSeconds(40))).isFalse();
        assertThat(BodyLimits.isLate(10 * 64 * 1024, Duration.ofSeconds(41))).isTrue();
    }
}
