package dev.nocturne.ingest.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class WorkerRatesTest {

    private static final Instant START = Instant.parse("2026-11-26T20:00:00Z");
    private static final int PERIOD = 5;

    private final WorkerRates rates = new WorkerRates();
    private Instant at = START;
    private long finished;

    private void measure(int times, int candidates, Reports lag) {
        for (int i = 0; i < times; i++) {
            rates.add(lag.at(at), finished);
            at = at.plusSeconds(PERIOD);
            finished += candidates;
        }
    }

    private static Reports oneAtWork() {
        return new Reports().waiting("generator", 6).members("generator", 1);
    }

    @Test
    void aWorkerThatIsAlwaysBusyIsAsFastAsThePipeline() {
        measure(100, 50, new Reports().waiting("generator", 6).members("generator", 2));
        assertThat(rates.perSecond(ScaledService.GENERATOR)).isCloseTo(5, within(0.1));
    }

    @Test
    void aWorkerThatIsIdleMostOfTheTimeIsFaster() {
        for (int i = 0; i < 50; i++) {
            Reports lag = new Reports().waiting("generator", 6).members("generator", 2);
            lag.members("encoder", 1).members("scorer", 1).members("publisher", 1);
            measure(1, 50, i % 10 == 5 ? lag.waiting("encoder", 3) : lag);
        }
        assertThat(rates.perSecond(ScaledService.GENERATOR)).isCloseTo(5, within(0.2));
        assertThat(rates.perSecond(ScaledService.ENCODER)).isCloseTo(100, within(15.0));
        assertThat(rates.perSecond(ScaledService.DECODER))
                .as("never seen at work")
                .isGreaterThan(1_000);
    }

    /** Of four workers two have nothing to read. */
    @Test
    void workersWithoutAPartitionThatWaitsAreIdle() {
        measure(
                100,
                50,
                new Reports().waiting("scorer", 1).waiting("publisher", 1).members("scorer", 4));
        assertThat(rates.perSecond(ScaledService.DECODER)).isCloseTo(5, within(0.1));
    }

    @Test
    void nothingIsKnownBeforeThereIsSomethingToGoBy() {
        Reports lag = oneAtWork();
        measure(12, 50, lag);
        assertThat(rates.perSecond(ScaledService.GENERATOR)).isNaN();
        measure(3, 50, lag);
        assertThat(rates.perSecond(ScaledService.GENERATOR)).isCloseTo(10, within(0.5));
    }

    /** Nor does the time in which records wait and nobody is there. */
    @Test
    void idleTimeSaysNothing() {
        Reports lag = oneAtWork();
        measure(50, 50, lag);
        double before = rates.perSecond(ScaledService.GENERATOR);
        measure(1_000, 0, new Reports().members("generator", 1));
        measure(1_000, 0, new Reports().waiting("generator", 6));

        assertThat(rates.perSecond(ScaledService.GENERATOR)).isCloseTo(before, within(0.5));
    }

    @Test
    void aNewModelIsLearned() {
        Reports lag = oneAtWork();
        measure(200, 50, lag);
        measure(600, 5, lag);
        assertThat(rates.perSecond(ScaledService.GENERATOR)).isCloseTo(1, within(0.1));
    }

    /** Clocks are set, and brokers are away for a while. */
    @Test
    void aPauseIsNotMeasured() {
        Reports lag = oneAtWork();
        measure(50, 50, lag);
        double before = rates.perSecond(ScaledService.GENERATOR);
        at = at.plusSeconds(3_600);
        measure(1, 50, lag);
        at = at.minusSeconds(7_200);
        measure(1, 50, lag);

        assertThat(rates.perSecond(ScaledService.GENERATOR)).isCloseTo(before, within(1e-9));
    }
}
