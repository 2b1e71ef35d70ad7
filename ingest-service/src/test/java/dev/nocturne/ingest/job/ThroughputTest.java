package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.time.Instant;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

class ThroughputTest {

    private static final Instant START = Instant.parse("2026-01-01T20:00:00Z");

    private final Throughput throughput = new Throughput();
    private Instant now = START;

    /** So many candidates in each second. */
    private void run(int seconds, Duration took, IntUnaryOperator candidates) {
        for (int second = 0; second < seconds; second++) {
            throughput.tick(now, true);
            throughput.finished(candidates.applyAsInt(second), took);
            now = now.plusSeconds(1);
            throughput.tick(now, true);
        }
    }

    @Test
    void nothingIsMeasuredAtFirst() {
        assertThat(throughput.target()).isEqualTo(Throughput.FLOOR);
        assertThat(throughput.rates()).isNull();
    }

    @Test
    void asMuchIsOutAsIsFinishedInTwiceTheTimeOfARequest() {
        run(60, Duration.ofSeconds(3), second -> 100);

        assertThat(throughput.target()).isEqualTo(600);
    }

    @Test
    void theTargetIsThatOfTheBestSpanNotOfTheLast() {
        run(30, Duration.ofSeconds(3), second -> 100);
        run(6, Duration.ofSeconds(20), second -> 1);

        assertThat(throughput.target()).isEqualTo(600);
    }

    @Test
    void timeWithNothingOutCountsForNothing() {
        run(30, Duration.ofSeconds(3), second -> 100);
        throughput.tick(now, false);
        now = now.plus(Duration.ofHours(16));
        throughput.tick(now, false);
        run(30, Duration.ofSeconds(3), second -> 100);

        assertThat(throughput.target()).isEqualTo(600);
        assertThat(throughput.rates().slow()).isBetween(80.0, 100.0);
    }

    @Test
    void howFastARequestOnceWasIsForgotten() {
        run(1, Duration.ofMillis(10), second -> 1);
        assertThat(throughput.target()).isEqualTo(Throughput.FLOOR);

        run(700, Duration.ofSeconds(20), second -> 100);

        assertThat(throughput.target()).isEqualTo(4_000);
    }

    @Test
    void ratesAreWideAtFirstAndThenAsWideAsTheySpread() {
        run(5, Duration.ofSeconds(1), second -> 100);
        assertThat(throughput.rates().slow()).isCloseTo(100 / 3.0, within(1.0));
        assertThat(throughput.rates().fast()).isCloseTo(300, within(1.0));

        run(295, Duration.ofSeconds(1), second -> 100);
        assertThat(throughput.rates().slow()).isBetween(95.0, 100.0);
        assertThat(throughput.rates().fast()).isBetween(100.0, 105.0);

        run(300, Duration.ofSeconds(1), second -> second / 10 % 2 == 0 ? 50 : 150);
        assertThat(throughput.rates().slow()).isBetween(45.0, 50.0);
        assertThat(throughput.rates().fast()).isBetween(150.0, 157.0);
    }

    @Test
    void aSpanWithoutAResultStillHasARate() {
        throughput.tick(now, true);
        throughput.finished(100, Duration.ofSeconds(1));
        for (int second = 0; second < 10; second++) {
            now = now.plusSeconds(1);
            throughput.tick(now, true);
        }
        now = now.plusSeconds(1);
        throughput.tick(now, true);

        assertThat(throughput.rates().slow()).isPositive();
        assertThat(throughput.rates().fast()).isGreaterThan(throughput.rates().slow());
    }
}
