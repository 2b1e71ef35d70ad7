package dev.nocturne.ingest;

import dev.nocturne.runtime.Health;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A thread that does the same round again and again, and tells whether it still does, however it
 * may have ended. A round catches what it throws, or no other would come. Thread-safe.
 */
public final class Rounds {

    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    private final String name;
    private final Duration pause;
    private final Duration longest;
    private final ScheduledExecutorService thread;
    private volatile boolean started;
    private volatile long beatNanos;

    /**
     * @param pause between two rounds
     * @param longest that one round may take, failures included
     */
    public Rounds(String name, Duration pause, Duration longest) {
        this.name = name;
        this.pause = pause;
        this.longest = longest;
        thread =
                Executors.newSingleThreadScheduledExecutor(
                        task -> {
                            Thread thread = new Thread(task, name);
                            thread.setDaemon(true);
                            return thread;
                        });
    }

    /** Begins with the first round; later calls change nothing. */
    public synchronized void start(Runnable round) {
        if (!started) {
            beat();
            started = true;
            thread.scheduleWithFixedDelay(round, 0, pause.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    public boolean isStarted() {
        return started;
    }

    /** Called by a round that is done, or makes progress. */
    public void beat() {
        beatNanos = System.nanoTime(); // clocks are set
    }

    /** Not alive once a round has taken too long: only a new process helps then. */
    public Health health() {
        long silentNanos = System.nanoTime() - beatNanos;
        boolean alive = !started || silentNanos <= longest.toNanos();
        return new Health(
                alive,
                alive,
                alive
                        ? ""
                        : "the thread %s has been stuck for %d minutes"
                                .formatted(name, Duration.ofNanos(silentNanos).toMinutes()));
    }

    public boolean isStopped() {
        return thread.isShutdown();
    }

    /**
     * Breaks off the round that is under way, and waits a while for its end.
     *
     * @return false if it has not ended
     */
    public boolean stop() {
        thread.shutdownNow();
        try {
            return thread.awaitTermination(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
