package dev.nocturne.ingest;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * Consumer lag of one partition, as pure functions of what the broker said. {@code committed} must
 * have been read before {@code logEnd}: then no consumer can be ahead of the end.
 */
final class LagRules {

    /** Decode batches of a large model on a small machine take minutes. */
    static final Duration PATIENCE = Duration.ofMinutes(3);

    private LagRules() {}

    /**
     * Rule 1: a group stands at its committed offset, or at the start of the log if it has
     * committed nothing or if retention has deleted what it committed.
     */
    static long position(OptionalLong committed, long logStart) {
        return Math.max(committed.orElse(logStart), logStart);
    }

    /**
     * Rule 2: lag is what lies between position and end, never less than 0. Rule 3: it is 0 if no
     * data record lies there, because a transaction's marker takes an offset that is never read.
     */
    static long lag(long position, long logEnd, boolean dataRecordPending) {
        return dataRecordPending ? Math.max(0, logEnd - position) : 0;
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
     * Rule 6: a backlog that nobody reads has stopped; one of which for minutes nothing was read,
     * although somebody could, has stalled.
     *
     * @param still since something was read, or since there was nothing to read
     */
    static LagReport.Verdict verdict(long lag, int members, Duration still) {
        if (lag == 0) {
            return LagReport.Verdict.IDLE;
        }
        if (members == 0) {
            return LagReport.Verdict.STOPPED;
        }
        return still.compareTo(PATIENCE) >= 0
                ? LagReport.Verdict.STALLED
                : LagReport.Verdict.WORKING;
    }
}
