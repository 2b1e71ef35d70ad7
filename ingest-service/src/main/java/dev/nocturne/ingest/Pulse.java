package dev.nocturne.ingest;

import dev.nocturne.runtime.Health;
import java.time.Duration;

/** Tells whether a thread still does its rounds, however it may have ended. Thread-safe. */
final class Pulse {

    private final String name;
    private final Duration longest;
    private volatile long beatNanos;
    private volatile boolean started;

    /**
     * @param longest that one round may take, failures included
     */
    Pulse(String name, Duration longest) {
        this.name = name;
        this.longest = longest;
    }

    /** A round is done, or the first begins. */
    void beat() {
        beatNanos = System.nanoTime(); // clocks are set
        started = true;
    }

    /** Not alive once a round has taken too long: only a new process helps then. */
    Health health() {
        long silentNanos = System.nanoTime() - beatNanos;
        boolean alive = !started || silentNanos <= longest.toNanos();
        return new Health(
                alive,
                alive,
                alive
                        ? ""
                        : "%s has been stuck for %d minutes"
                                .formatted(name, Duration.ofNanos(silentNanos).toMinutes()));
    }
}
