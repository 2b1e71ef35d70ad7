package dev.nocturne.standalone.simulation;

import java.util.OptionalInt;
import java.util.function.IntFunction;

/** How many workers a job needs for its deadline. */
public final class Sizing {
    private static final int TRIES = 24;
    private static final int MOST = 1_000_000;

    private Sizing() {}

    /**
     * @param scenario with so many workers of the stage that is sized
     * @param least to begin with: fewer cannot do
     * @param deadlineSeconds that nine of ten runs keep
     * @return empty if no number was found
     */
    public static OptionalInt workers(
            IntFunction<Scenario> scenario,
            int least,
            double deadlineSeconds,
            int runs,
            long seed) {
        int workers = least;
        for (int i = 0; i < TRIES; i++) {
            Scenario tried = scenario.apply(workers);
            double latest = Simulation.forecast(tried, runs, seed).latestSeconds();
            if (latest <= deadlineSeconds) {
                return OptionalInt.of(workers);
            }
            double late =
                    tried.hours().openSeconds(0, latest)
                            / tried.hours().openSeconds(0, deadlineSeconds);
            double more = Math.ceil(workers * late);
            if (workers * (double) tried.leastPortion() >= tried.captions() || !(more < MOST)) {
                return OptionalInt.empty(); // each has a portion at most: more do not help
            }
            workers = Math.max(workers + 1, (int) more);
        }
        return OptionalInt.empty();
    }
}
