package dev.nocturne.decoder;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Lets some work take a share of the time: what is not taken is saved, up to a limit. */
final class TimeBudget {

    private final double share;
    private final long mostNanos;
    private final LongSupplier nanoTime;
    private double leftNanos;
    private long filledAtNanos;

    /**
     * @param share of the time, 0 to 1
     * @param most that is saved; there from the start
     */
    TimeBudget(double share, Duration most, LongSupplier nanoTime) {
        this.share = share;
        this.mostNanos = most.toNanos();
        this.nanoTime = nanoTime;
        leftNanos = mostNanos;
        filledAtNanos = nanoTime.getAsLong();
    }

    /** Whether any is left: what follows may take more than that, and is paid for later. */
    boolean hasLeft() {
        long now = nanoTime.getAsLong();
        leftNanos = Math.min(mostNanos, leftNanos + share * (now - filledAtNanos));
        filledAtNanos = now;
        return leftNanos > 0;
    }

    void spend(long nanos) {
        leftNanos -= nanos;
    }
}
