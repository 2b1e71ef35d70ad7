package dev.nocturne.ingest.lag;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * Consumer lag of one partition, as pure functions of what the broker said. {@code committed} must
 * have been read before {@code logEnd}: then no consumer can be ahead of the end.
 */
final class LagRules {

    /** Decode batches of a large model on a small machine take minutes. */
    static final Duration PATIENCE = Duration.ofMinutes(3);

    static final Duration OPEN_TRANSACTION = Duration.ofSeconds(2);

    private LagRules() {}

    /**
     * Rule 1: a group stands at its committed offset, or at the start of the log if it has
     * committed nothing or if retention has deleted what it committed.
     */
    static long position(OptionalLong committed, long logStart) {
        return Math.max(committed.orElse(logStart), logStart);
    }

    /**
     * Rule 2: lag is what lies between position and the end of the log, never less than 0. Rule 3:
     * what lies before the last stable offset counts only if there is a data record in it; for a
     * transaction's marker takes an offset that is never read. What lies behind belongs to open
     * transactions, or waits for them.
     */
    static long lag(long position, long lastStable, long logEnd, boolean dataRecordPending) {
        long from = dataRecordPending ? position : Math.max(position, lastStable);
        return Math.max(0, logEnd - from);
    }

    /** Rule 4: time lag is the age of the record at the position; never less than 0 (clocks). */
    static double lagSeconds(long pendingTimestampMillis, long nowMillis) {
        return Math.max(0, nowMillis - pendingTimestampMillis) / 1000.0;
    }

    /** Rule 5: a backlog drains at the measured rate; null if nothing moves, 0 if there is none. */
    static Double drainSeconds(long lag, double ratePerSecond) {
        if (lag == 0) {
            return 0.0;
        }
        return ratePerSecond > 0 ? lag / ratePerSecond : null;
    }

    /**
     * Rule 6: a backlog that nobody reads has stopped; one that lies behind open transactions as a
     * whole is blocked; one of which for minutes nothing was read, although somebody could, has
     * stalled.
     *
     * @param blocked whether all of it waits for a transaction that {@link #isLongOpen}
     * @param still since something was read, or since there was nothing to read
     */
    static LagReport.Verdict verdict(long lag, boolean blocked, int members, Duration still) {
        if (lag == 0) {
            return LagReport.Verdict.IDLE;
        }
        if (members == 0) {
            return LagReport.Verdict.STOPPED;
        }
        if (blocked) {
            return LagReport.Verdict.BLOCKED;
        }
        return still.compareTo(PATIENCE) >= 0
                ? LagReport.Verdict.STALLED
                : LagReport.Verdict.WORKING;
    }

    /**
     * Rule 7: a transaction is worth a word once it has been open for longer than one of ours ever
     * is, unless its process died.
     */
    static boolean isLongOpen(long sinceMillis, long nowMillis) {
        return nowMillis - sinceMillis >= OPEN_TRANSACTION.toMillis();
    }

    /** Rule 8: a partition has one reader, so workers beyond a lane's partitions have nothing. */
    static int surplus(int members, int partitions) {
        return Math.max(0, members - partitions);
    }
}
