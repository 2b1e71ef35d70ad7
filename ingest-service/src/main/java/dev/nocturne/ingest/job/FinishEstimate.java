package dev.nocturne.ingest.job;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * When jobs will finish that share one pipeline: at every moment those that may run get equal parts
 * of its candidates per second, until one of them is finished or a window opens or closes.
 *
 * @param earliest if all goes as fast as it went lately at its best
 * @param latest if it goes as slowly as at its worst
 */
public record FinishEstimate(Instant earliest, Instant latest) {

    /** A year of windows; what takes longer has no estimate. */
    private static final int MAX_STEPS = 1_000;

    /**
     * What is left of a job.
     *
     * @param candidates that are not finished
     */
    public record Work(String job, double candidates, Schedule schedule) {}

    /** By job; without those of which nothing can be said. */
    static Map<String, FinishEstimate> of(List<Work> work, Throughput.Rates rates, Instant now) {
        Map<String, FinishEstimate> estimates = new HashMap<>();
        if (rates == null) {
            return estimates;
        }
        Map<String, Instant> earliest = finishes(work, rates.fast(), now);
        Map<String, Instant> latest = finishes(work, rates.slow(), now);
        latest.forEach(
                (job, finish) -> estimates.put(job, new FinishEstimate(earliest.get(job), finish)));
        return estimates;
    }

    /**
     * When each would be finished; without those that would take years.
     *
     * @param rate candidates per second, above 0
     */
    public static Map<String, Instant> finishes(List<Work> work, double rate, Instant now) {
        Map<String, Instant> finishes = new HashMap<>();
        List<Work> left = new ArrayList<>(work);
        Instant at = now;
        for (int step = 0; step < MAX_STEPS && !left.isEmpty(); step++) {
            List<Work> running = new ArrayList<>();
            List<Work> waiting = new ArrayList<>();
            Instant change = Instant.MAX;
            for (Work one : left) {
                Instant opening = one.schedule().opening(at);
                boolean mayRun = !opening.isAfter(at);
                (mayRun ? running : waiting).add(one);
                Instant next = mayRun ? one.schedule().closing(at) : opening;
                change = next.isBefore(change) ? next : change;
            }
            double share = rate / Math.max(1, running.size());
            double least = running.stream().mapToDouble(Work::candidates).min().orElse(0);
            Instant first = running.isEmpty() ? Instant.MAX : at.plus(seconds(least / share));
            Instant end = first.isBefore(change) ? first : change;
            double done = share * Duration.between(at, end).toNanos() / 1e9;
            left = waiting;
            for (Work one : running) {
                double rest = one.candidates() - done;
                if (rest <= 1e-3 * share) {
                    finishes.put(one.job(), end);
                } else {
                    left.add(new Work(one.job(), Math.max(rest, 0), one.schedule()));
                }
            }
            at = end;
        }
        return finishes;
    }

    private static Duration seconds(double seconds) {
        return Duration.ofMillis((long) Math.ceil(Math.min(seconds, 1e9) * 1_000));
    }
}
