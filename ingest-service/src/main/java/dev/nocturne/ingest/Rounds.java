package dev.nocturne.ingest;

import dev.nocturne.runtime.DaemonThreads;
import dev.nocturne.runtime.Health;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A thread that does the same round again and again, when its time has come or it is woken, and
 * tells whether it still does, however it may have ended. A round catches what it throws, or no
 * other would come. Thread-safe.
 */
public final class Rounds {

    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    private final String name;
    private final Duration pause;
    private final Duration longest;
    private final ExecutorService thread;
    private volatile boolean started;
    private volatile long beatNanos;
    private volatile boolean isWaiting; // for the next round, after one that went well
    private boolean wentWell; // the thread's own
    private boolean isWoken; // guarded by this

    /**
     * @param pause the least between two rounds
     * @param longest that one round may take, failures included
     */
    public Rounds(String name, Duration pause, Duration longest) {
        this.name = name;
        this.pause = pause;
        this.longest = longest;
        thread = Executors.newSingleThreadExecutor(DaemonThreads.named(name));
    }

    /** Begins with the first round, others follow after the pause; later calls change nothing. */
    public void start(Runnable round) {
        start(
                () -> {
                    round.run();
                    return pause;
                });
    }

    /**
     * Begins with the first round; later calls change nothing.
     *
     * @param round returns the longest pause until the next; {@link #wake} makes it shorter
     */
    public synchronized void start(Supplier<Duration> round) {
        if (!started) {
            beat();
            started = true;
            thread.execute(() -> goRound(round));
        }
    }

    private void goRound(Supplier<Duration> round) {
        try {
            while (!isStopped()) {
                wentWell = false;
                Duration next = round.get();
                isWaiting = wentWell;
                awaitNext(next);
                if (isWaiting) {
                    beat(); // before the clock counts again
                    isWaiting = false;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // stopped
        }
    }

    private synchronized void awaitNext(Duration longestPause) throws InterruptedException {
        long begin = System.nanoTime();
        while (!isStopped()) {
            Duration wanted = isWoken || longestPause.compareTo(pause) < 0 ? pause : longestPause;
            long left = wanted.toNanos() - (System.nanoTime() - begin);
            if (left <= 0) {
                break;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        isWoken = false;
    }

    /**
     * Asks for a round that begins after this call, as soon as the least pause is over. Cheap; many
     * calls may ask for one round.
     */
    public synchronized void wake() {
        if (!isWoken) {
            isWoken = true;
            notifyAll();
        }
    }

    public boolean isStarted() {
        return started;
    }

    /** Called by a round that is done, or makes progress. */
    public void beat() {
        wentWell = true;
        beatNanos = System.nanoTime(); // clocks are set
    }

    /** Not alive once a round has taken too long: only a new process helps then. */
    public Health health() {
        long silentNanos = System.nanoTime() - beatNanos;
        boolean alive = !started || isWaiting || silentNanos <= longest.toNanos();
        return new Health(
                alive,
                alive,
                alive
                        ? ""
                        : "the thread %s has been stuck for %d minutes"
                                .formatted(name, Duration.ofNanos(silentNanos).toMinutes()));
    }

    /** As {@link #health()}; while it lives, with what somebody has to know, though all goes on. */
    public Health health(String trouble) {
        Health alive = health();
        return alive.live() ? new Health(true, true, trouble) : alive;
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
