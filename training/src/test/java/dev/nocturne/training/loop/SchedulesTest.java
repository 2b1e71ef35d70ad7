package dev.nocturne.training.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SchedulesTest {
    @Test
    void cosineGoesFromOneEndToTheOtherAndStays() {
        assertThat(Schedules.cosine(1, 0.5, 0, 10)).isEqualTo(1);
        assertThat(Schedules.cosine(1, 0.5, 5, 10)).isCloseTo(0.75, within(1e-12));
        assertThat(Schedules.cosine(1, 0.5, 10, 10)).isCloseTo(0.5, within(1e-12));
        assertThat(Schedules.cosine(1, 0.5, 99, 10)).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void warmsUpInALineToThePeakAndEndsAtAFiftieth() {
        assertThat(Schedules.warmUpCosine(1, 0, 40)).isEqualTo(0.25);
        assertThat(Schedules.warmUpCosine(1, 3, 40)).isEqualTo(1);
        assertThat(Schedules.warmUpCosine(1, 4, 40)).isEqualTo(1);
        assertThat(Schedules.warmUpCosine(1, 40, 40)).isCloseTo(0.02, within(1e-12));
        assertThat(Schedules.warmUpCosine(1, 99, 100_000)).isEqualTo(0.5);
    }
}
