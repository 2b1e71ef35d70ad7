package dev.nocturne.ingest.scale;

import dev.nocturne.ingest.lag.LagReport;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;

/**
 * How fast one worker of each service is, by the utilization law: work that takes a service's
 * workers so many seconds of their time, at so many candidates, takes the quotient for each
 * (Denning and Buzen, The Operational Analysis of Queueing Network Models, 1978). So a stage that
 * is idle half of the time is known to be twice as fast as the pipeline. Not thread-safe.
 *
 * <p>A worker is taken to be busy whenever something waits in a partition of its service; since a
 * few may be idle then, the rate is rather too low than too high.
 */
final class WorkerRates {

    /** What is older counts for less than half. */
    private static final double TIME_CONSTANT_SECONDS = 600;

    /** The first candidates are in the pipeline before any is finished. */
    private static final double FEWEST_BUSY_SECONDS = 60;

    /** Two full decode batches of one generator. */
    private static final double FEWEST_CANDIDATES = 128;

    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

    private final Map<ScaledService, Double> busySeconds = new EnumMap<>(ScaledService.class);
    private double candidates;
    private Instant at; // null before the first report
    private long finished;

    /**
     * @param finishedCandidates of all that were drawn since this process has been there
     */
    void add(LagReport report, long finishedCandidates) {
        Instant before = at;
        long more = finishedCandidates - finished;
        at = report.measuredAt();
        finished = finishedCandidates;
        if (before == null) {
            return;
        }
        Duration span = Duration.between(before, at);
        if (span.isNegative() || span.compareTo(LONGEST_PAUSE) > 0) {
            return; // who was busy meanwhile is not known
        }
        double seconds = span.toMillis() / 1000.0;
        Map<ScaledService, Integer> busy = new EnumMap<>(ScaledService.class);
        for (ScaledService service : ScaledService.values()) {
            busy.put(service, service.busyWorkers(report));
        }
        if (more == 0 && busy.values().stream().allMatch(workers -> workers == 0)) {
            return; // idle time says nothing, and makes nothing forgotten
        }
        double kept = Math.exp(-seconds / TIME_CONSTANT_SECONDS);
        candidates = kept * candidates + more;
        busy.forEach(
                (service, workers) ->
                        busySeconds.put(
                                service,
                                kept * busySeconds.getOrDefault(service, 0.0) + workers * seconds));
    }

    /** Candidates per second of one worker; NaN while it is not known. */
    double perSecond(ScaledService service) {
        double longest =
                busySeconds.values().stream().mapToDouble(Double::doubleValue).max().orElse(0);
        double own = busySeconds.getOrDefault(service, 0.0);
        if (longest < FEWEST_BUSY_SECONDS || candidates < FEWEST_CANDIDATES) {
            return Double.NaN;
        }
        return candidates
                / Math.max(1, own); // of one that was never seen at work, at least so much
    }
}
