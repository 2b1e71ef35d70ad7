package dev.nocturne.runtime;

import java.time.Duration;
import org.apache.kafka.common.errors.TimeoutException;

/** How long nothing has come, of what is known to be there. Of one thread. */
final class ReadingSilence {

    /** Longer than a change of leaders. */
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final String name;
    private long sinceNanos = System.nanoTime();

    /**
     * @param name of what is read, for the message
     */
    ReadingSilence(String name) {
        this.name = name;
    }

    /**
     * @param progress whether something has come since the last call
     * @throws TimeoutException if nothing has for too long
     */
    void check(boolean progress) {
        if (progress) {
            sinceNanos = System.nanoTime();
        } else if (System.nanoTime() - sinceNanos > LONGEST.toNanos()) {
            throw new TimeoutException(
                    "%s: the brokers give nothing to read for %d s"
                            .formatted(name, LONGEST.toSeconds()));
        }
    }
}
