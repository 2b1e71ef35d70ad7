package dev.nocturne.ingest.job;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.TreeMap;

/**
 * What the pipeline has made of the released requests lately, in candidates, and from that how much
 * to keep released, and how fast work will go.
 *
 * <p>It has a clock of its own that stands still while nothing is in flight: nights, windows and
 * waiting say nothing about how fast the pipeline is. Thread-safe.
 */
public final class Throughput {

    /** Two full decode batches of one generator. */
    public static final long FLOOR = 128;

    private static final int SHORTEST_HORIZON = 2;
    private static final int FIRST_HORIZON = 10;
    private static final int LONGEST_HORIZON = 600;
    private static final int LONGEST_TICK_MILLIS = 10_000;
    private static final int SHORTEST_SPAN = 10;
    private static final int SPANS = 30;

    /** Clocks of other machines may be off by it. */
    private static final Duration JUST_NOW = Duration.ofSeconds(5);

    /** Slowest and fastest candidates per second that are to be expected. */
    record Rates(double slow, double fast) {}

    private final TreeMap<Integer, Long> finishedBySecond = new TreeMap<>(); // busy seconds
    private long finishedCandidates;
    private long busyMillis;
    private Instant lastTick; // null if nothing was in flight then
    private final TreeMap<Integer, Long> fastestBySecond = new TreeMap<>(); // in milliseconds
    private long fastestMillis = -1; // of these: a request, from its release to its result

    /** Often, a few times a second. */
    public synchronized void tick(Instant now, boolean busy) {
        if (busy && lastTick != null) {
            long millis = Duration.between(lastTick, now).toMillis();
            busyMillis += Math.max(0, Math.min(LONGEST_TICK_MILLIS, millis)); // clocks are set
        }
        lastTick = busy ? now : null;
        int oldest = second() - Math.max(SPANS * span(), 3 * horizon());
        finishedBySecond.headMap(oldest).clear();
        if (!fastestBySecond.headMap(oldest).isEmpty()) {
            fastestBySecond.headMap(oldest).clear();
            fastestMillis =
                    fastestBySecond.values().stream()
                            .mapToLong(Long::longValue)
                            .min()
                            .orElse(fastestMillis);
        }
    }

    /**
     * A request is finished that was drawn. Who did not release it does not know how long it took,
     * but can tell from the log how many candidates are finished. A result of long ago, as when the
     * log is read anew, says nothing about now.
     *
     * @param finishedAt as its result says
     */
    synchronized void finished(RequestInFlight request, Instant finishedAt, Instant now) {
        if (request.since() != null) {
            finished(request.candidates(), Duration.between(request.since(), now));
        } else if (Duration.between(finishedAt, now).abs().compareTo(JUST_NOW) < 0) {
            finished(request.candidates());
        }
    }

    /** A request is finished that took so long. */
    synchronized void finished(int candidates, Duration took) {
        finished(candidates);
        long millis = Math.max(1, took.toMillis());
        fastestBySecond.merge(second(), millis, Math::min);
        fastestMillis = fastestMillis < 0 ? millis : Math.min(fastestMillis, millis);
    }

    private void finished(int candidates) {
        finishedBySecond.merge(second(), (long) candidates, Long::sum);
        finishedCandidates += candidates;
    }

    /** Of all requests that were finished since this process has been there. */
    public synchronized long finishedCandidates() {
        return finishedCandidates;
    }

    private int second() {
        return (int) (busyMillis / 1_000);
    }

    /**
     * Seconds of work to keep released: twice as long as a request takes that need not queue, so
     * that as much is waiting as is being worked on.
     */
    private int horizon() {
        if (fastestMillis < 0) {
            return FIRST_HORIZON;
        }
        long seconds = (2 * fastestMillis + 999) / 1_000;
        return (int) Math.max(SHORTEST_HORIZON, Math.min(LONGEST_HORIZON, seconds));
    }

    /**
     * Candidates to keep released: what was finished in the best of the last spans as long as the
     * horizon. While stages are idle a span is twice the time of a request, so the target doubles
     * from span to span until the slowest stage is busy all the time.
     */
    public synchronized long target() {
        int horizon = horizon();
        long best = FLOOR;
        for (int end = second(), i = 0; i < 3 * Math.max(1, 30 / horizon); i++, end -= horizon) {
            best = Math.max(best, finished(end - horizon, end));
        }
        // the second that is running, so that it grows from the first results on
        return Math.max(best, finished(second() + 1 - horizon, second() + 1));
    }

    private long finished(int from, int to) {
        return finishedBySecond.subMap(from, to).values().stream().mapToLong(Long::longValue).sum();
    }

    private int span() {
        return Math.max(SHORTEST_SPAN, horizon());
    }

    /**
     * From the spread of the last spans; wide while there are few. Null while nothing is measured.
     */
    synchronized Rates rates() {
        double seconds = busyMillis / 1_000.0;
        int full = Math.min(SPANS, second() / span());
        long recent = finished(full < SPANS ? 0 : second() - full * span(), second() + 1);
        if (recent == 0 || seconds < 1) {
            return null;
        }
        double mean = recent / (full < SPANS ? seconds : 1.0 * full * span());
        if (full == 0) {
            return new Rates(mean / 3, mean * 3);
        }
        double[] rates = new double[full];
        for (int i = 0; i < full; i++) {
            int end = second() - i * span();
            rates[i] = (double) finished(end - span(), end) / span();
        }
        Arrays.sort(rates);
        double wider = 1 + 1.0 / full;
        // a decode batch that takes longer than a span leaves spans without anything
        double slow = Math.max(quantile(rates, 0.1), mean / 4) / wider;
        return new Rates(slow, Math.max(quantile(rates, 0.9), mean) * wider);
    }

    private static double quantile(double[] sorted, double share) {
        return sorted[(int) Math.round(share * (sorted.length - 1))];
    }
}
