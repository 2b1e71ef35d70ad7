package dev.nocturne.standalone.simulation;

import java.util.Arrays;
import java.util.List;

/**
 * When the job is finished, of many simulated runs, in seconds since its start. Infinite: never, as
 * no worker of a stage is left.
 *
 * @param earliestSeconds a tenth of the runs are not later
 * @param medianSeconds half of them are not
 * @param latestSeconds nine of ten are not
 * @param stages in the order of the scenario
 * @param finishes of all runs, the earliest first
 */
public record Forecast(
        double earliestSeconds,
        double medianSeconds,
        double latestSeconds,
        List<StageUse> stages,
        List<Double> finishes) {

    /**
     * @param busyShare of the time of its workers in which the job may run, on average over runs
     */
    public record StageUse(String name, double busyShare) {}

    static Forecast of(double[] finishes, List<StageUse> stages) {
        double[] sorted = finishes.clone();
        Arrays.sort(sorted);
        return new Forecast(
                quantile(sorted, 0.1),
                quantile(sorted, 0.5),
                quantile(sorted, 0.9),
                List.copyOf(stages),
                Arrays.stream(sorted).boxed().toList());
    }

    /** The nearest rank. */
    private static double quantile(double[] sorted, double share) {
        return sorted[(int) Math.ceil(share * sorted.length) - 1];
    }

    /** The share of the runs that are finished by then. */
    public double finishedBy(double seconds) {
        return (double) finishes.stream().filter(finish -> finish <= seconds).count()
                / finishes.size();
    }
}
