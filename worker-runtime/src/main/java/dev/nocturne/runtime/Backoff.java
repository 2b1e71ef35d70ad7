package dev.nocturne.runtime;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * How long to wait before the next attempt: the delay doubles from {@code first} to {@code
 * longest}.
 *
 * @param attempts of the same work, after which it is given up
 */
public record Backoff(Duration first, Duration longest, int attempts) {

    /** Gives an object store about five minutes to come back. */
    static final Backoff DEFAULT = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(30), 16);

    /**
     * @param failures so far, at least 1
     */
    public Duration delay(int failures) {
        int doublings = Math.min(failures - 1, 30);
        Duration delay = first.multipliedBy(1L << doublings);
        return delay.compareTo(longest) < 0 ? delay : longest;
    }

    /**
     * Does the work, and does it again after a {@link TransientException} as long as there are
     * attempts left; the last one is thrown.
     */
    public <T> T retry(Supplier<T> work) throws InterruptedException {
        for (int failures = 1; ; failures++) {
            try {
                return work.get();
            } catch (TransientException e) {
                if (failures >= attempts) {
                    throw e;
                }
                Thread.sleep(delay(failures).toMillis());
            }
        }
    }
}
