package dev.nocturne.ingest.job;

import java.time.Duration;
import java.time.Instant;
import java.util.TreeMap;

/** How many requests have finished in the last minutes, in memory for those minutes alone. */
final class RecentRate {

    static final Duration WINDOW = Duration.ofMinutes(5);

    private static final Duration SHORTEST_SPAN = Duration.ofSeconds(1);

    private final TreeMap<Long, Integer> finishedBySecond = new TreeMap<>();

    void finished(Instant at) {
        finishedBySecond.merge(at.getEpochSecond(), 1, Integer::sum);
        long oldest = finishedBySecond.lastKey() - WINDOW.toSeconds();
        finishedBySecond.headMap(oldest).clear();
    }

    /** Over the window, or over the time since {@code start} if that is shorter. */
    double perSecond(Instant start, Instant now) {
        Instant windowStart = now.minus(WINDOW);
        Instant from = start.isAfter(windowStart) ? start : windowStart;
        int recent =
                finishedBySecond.tailMap(from.getEpochSecond(), false).values().stream()
                        .mapToInt(Integer::intValue)
                        .sum();
        return recent / seconds(from, now);
    }

    static double seconds(Instant from, Instant to) {
        Duration span = Duration.between(from, to);
        return (span.compareTo(SHORTEST_SPAN) < 0 ? SHORTEST_SPAN : span).toMillis() / 1000.0;
    }
}
