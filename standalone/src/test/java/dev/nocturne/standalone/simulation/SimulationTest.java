package dev.nocturne.standalone.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Against closed forms, and what must hold of every scenario. */
class SimulationTest {
    private static final double HOUR = 3600;
    private static final double TAKEOVER = 10;
    private static final int CAPTIONS = 1000;

    /** Open for the first eight hours of every day. */
    private static final OpenHours NIGHTS =
            new OpenHours() {
                @Override
                public double opening(double at) {
                    return at % (24 * HOUR) < 8 * HOUR ? at : at - at % (24 * HOUR) + 24 * HOUR;
                }

                @Override
                public double closing(double at) {
                    return at - at % (24 * HOUR) + 8 * HOUR;
                }
            };

    private static Stage stage(String name, int workers, double seconds) {
        return new Stage(name, workers, seconds, 0, 0, 0);
    }

    private static Scenario scenario(int partitions, OpenHours hours, Stage... stages) {
        return new Scenario(
                CAPTIONS, 1, partitions, List.of(stages), 0, hours, List.of(), TAKEOVER);
    }

    private static double finish(Scenario scenario) {
        Forecast forecast = Simulation.forecast(scenario, 1, 1);
        return forecast.medianSeconds();
    }

    @Test
    void oneWorkerTakesItsWorkAfterItsStart() {
        Stage stage = new Stage("draw", 1, 2, 0, 0, 10);
        assertThat(finish(scenario(6, OpenHours.ALWAYS, stage)))
                .isCloseTo(10 + 2 * CAPTIONS, within(1e-6));
    }

    @Test
    void theSlowerOfTwoStagesIsTheTime() {
        double second = finish(scenario(1, OpenHours.ALWAYS, stage("a", 1, 1), stage("b", 1, 2)));
        assertThat(second).as("b waits for one caption").isCloseTo(2001, within(1e-6));
        double first = finish(scenario(1, OpenHours.ALWAYS, stage("a", 1, 2), stage("b", 1, 1)));
        assertThat(first).as("the last ones go through b").isBetween(2001.0, 2002.0);
    }

    @Test
    void workersShareWholePartitions() {
        Stage four = stage("draw", 4, 1);
        assertThat(finish(scenario(4, OpenHours.ALWAYS, four))).isBetween(250.0, 290.0);
        assertThat(finish(scenario(6, OpenHours.ALWAYS, four)))
                .as("two of them have two each: as slow as three")
                .isBetween(333.0, 380.0);
        assertThat(finish(scenario(1, OpenHours.ALWAYS, four))).isEqualTo(CAPTIONS);
    }

    @Test
    void afterALossTheOthersDoTheRest() {
        Scenario two = scenario(2, OpenHours.ALWAYS, stage("draw", 2, 1));
        Scenario one = two.with(List.of(new Loss("draw", 1, 200)));
        assertThat(finish(one)).isCloseTo(200 + (CAPTIONS - 2 * 200), within(1e-6));
        Scenario none = two.with(List.of(new Loss("draw", 2, 200)));
        assertThat(finish(none)).isInfinite();
    }

    @Test
    void whatAnIdleWorkerTakesOverWaitsUntilItIsTakenOver() {
        // nobody has started when the first dies, and the other begins at once with all of it
        Stage late = new Stage("draw", 2, 1, 0, 0, 100);
        Scenario one = scenario(2, OpenHours.ALWAYS, late).with(List.of(new Loss("draw", 1, 50)));
        assertThat(finish(one)).isCloseTo(100 + CAPTIONS, within(1e-6));
    }

    @Test
    void workRestsWhileTheWindowIsClosed() {
        double tenHours = 10 * HOUR / CAPTIONS;
        assertThat(finish(scenario(6, NIGHTS, stage("draw", 1, tenHours))))
                .isCloseTo(26 * HOUR, within(1e-3));
        assertThat(NIGHTS.openSeconds(0, 26 * HOUR)).isCloseTo(10 * HOUR, within(1e-6));
    }

    @Test
    void whatIsDrawnIsStoredAfterTheWindowHasClosed() {
        double eightHours = 8 * HOUR / CAPTIONS;
        Scenario night = scenario(1, NIGHTS, stage("draw", 1, eightHours), stage("store", 1, 1));
        assertThat(finish(night)).isBetween(8 * HOUR, 8 * HOUR + 10);
    }

    @Test
    void aLossWhileTheWindowIsClosedCostsNothingYet() {
        double tenHours = 20 * HOUR / CAPTIONS;
        Scenario two = scenario(2, NIGHTS, stage("draw", 2, tenHours));
        Scenario one = two.with(List.of(new Loss("draw", 1, 12 * HOUR)));
        assertThat(finish(one)).as("16 hours in the first night").isCloseTo(28 * HOUR, within(1.0));
    }

    @Test
    void theInteractiveLaneTakesItsShareAndLeavesAQuarter() {
        Scenario alone = scenario(1, OpenHours.ALWAYS, stage("draw", 1, 1));
        assertThat(finish(beside(alone, 0.5))).isCloseTo(2 * CAPTIONS, within(1e-6));
        assertThat(finish(beside(alone, 10))).isCloseTo(4 * CAPTIONS, within(1e-6));
    }

    private static Scenario beside(Scenario alone, double interactivePerSecond) {
        return new Scenario(
                CAPTIONS,
                1,
                alone.partitions(),
                alone.stages(),
                interactivePerSecond,
                alone.hours(),
                List.of(),
                TAKEOVER);
    }

    @Test
    void theSameSeedGivesTheSameForecast() {
        Stage varied = new Stage("draw", 3, 1, 0.1, 3, 5);
        Scenario scenario = scenario(6, OpenHours.ALWAYS, varied);
        Forecast forecast = Simulation.forecast(scenario, 20, 7);
        assertThat(Simulation.forecast(scenario, 20, 7)).isEqualTo(forecast);
        assertThat(Simulation.forecast(scenario, 20, 8)).isNotEqualTo(forecast);
    }

    @Test
    void theSpreadOfTheFinishIsThatOfTheRate() {
        Scenario scenario = scenario(1, OpenHours.ALWAYS, new Stage("draw", 1, 1, 0.1, 0, 0));
        Forecast forecast = Simulation.forecast(scenario, 2_000, 1);
        assertThat(forecast.medianSeconds()).isCloseTo(995, within(10.0));
        assertThat(forecast.earliestSeconds()).isCloseTo(876, within(15.0));
        assertThat(forecast.latestSeconds()).isCloseTo(1131, within(15.0));
        Forecast ofTwoRuns =
                Simulation.forecast(
                        scenario(1, OpenHours.ALWAYS, new Stage("draw", 1, 1, 0.1, 2, 0)),
                        2_000,
                        1);
        assertThat(ofTwoRuns.latestSeconds()).isGreaterThan(forecast.latestSeconds() + 100);
    }

    @Test
    void moreWorkersAreNeverLaterAndRangesHoldTheirMedian() {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 60; i++) {
            Scenario some = any(random, 1);
            Scenario more = twice(some);
            Forecast forecast = Simulation.forecast(some, 5, i);
            assertThat(forecast.earliestSeconds()).isLessThanOrEqualTo(forecast.medianSeconds());
            assertThat(forecast.medianSeconds()).isLessThanOrEqualTo(forecast.latestSeconds());
            Forecast sooner = Simulation.forecast(more, 5, i);
            for (int run = 0; run < 5; run++) {
                assertThat(sooner.finishes().get(run))
                        .as("%s, and twice as many", some)
                        .isLessThanOrEqualTo(forecast.finishes().get(run) + 1e-6);
            }
        }
    }

    @Test
    void ofSeveralStagesMoreWorkersAreNotLaterEither() {
        SplittableRandom random = new SplittableRandom(6);
        for (int i = 0; i < 60; i++) {
            Scenario some = any(random, 3);
            assertThat(Simulation.forecast(twice(some), 5, i).medianSeconds())
                    .as("%s, and twice as many", some)
                    .isLessThanOrEqualTo(1.02 * Simulation.forecast(some, 5, i).medianSeconds());
        }
    }

    private static Scenario any(SplittableRandom random, int stages) {
        List<Stage> some = new ArrayList<>();
        for (int i = 0; i < stages; i++) {
            some.add(
                    new Stage(
                            "stage-" + i,
                            1 + random.nextInt(6),
                            0.1 + random.nextDouble(),
                            0.3 * random.nextDouble(),
                            0,
                            random.nextInt(30)));
        }
        return new Scenario(
                1 + random.nextInt(2_000),
                1 + random.nextInt(3),
                1 + random.nextInt(12),
                some,
                0,
                OpenHours.ALWAYS,
                List.of(),
                TAKEOVER);
    }

    private static Scenario twice(Scenario scenario) {
        List<Stage> stages =
                scenario.stages().stream()
                        .map(
                                stage ->
                                        new Stage(
                                                stage.name(),
                                                2 * stage.workers(),
                                                stage.secondsPerCaption(),
                                                stage.spread(),
                                                stage.runs(),
                                                stage.startUpSeconds()))
                        .toList();
        return new Scenario(
                scenario.captions(),
                scenario.leastPortion(),
                scenario.partitions(),
                stages,
                0,
                scenario.hours(),
                List.of(),
                TAKEOVER);
    }

    @Test
    void soManyWorkersAsTheDeadlineNeeds() {
        Stage one = new Stage("draw", 1, 1, 0.1, 0, 30);
        int workers = Sizing.workers(n -> sized(one, n), 10, 130, 50, 1).orElseThrow();
        assertThat(Simulation.forecast(sized(one, workers), 50, 1).latestSeconds())
                .isLessThanOrEqualTo(130);
        assertThat(workers).as("beyond the ten of an even share").isBetween(12, 18);
        assertThat(Sizing.workers(n -> sized(one, n), 10, 20, 50, 1))
                .as("they have not started by then")
                .isEmpty();
    }

    private static Scenario sized(Stage one, int workers) {
        return scenario(
                Math.max(6, workers),
                OpenHours.ALWAYS,
                new Stage(
                        one.name(),
                        workers,
                        one.secondsPerCaption(),
                        one.spread(),
                        one.runs(),
                        one.startUpSeconds()));
    }
}
