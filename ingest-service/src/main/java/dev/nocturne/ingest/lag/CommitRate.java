package dev.nocturne.ingest.lag;

import java.time.Duration;
import java.time.Instant;

/**
 * Exponentially weighted average of a group's progress, in offsets per second. Immutable.
 *
 * <p>The average of a young series is divided by the weight it has gathered so far, so that it is
 * right from the second sample on. It starts anew when a backlog appears where there was none: idle
 * time says nothing about how fast a stage works.
 *
 * @param position sum of the group's positions over all partitions
 * @param backlog whether there was lag at this sample
 * @param weighted average before the division
 * @param weight 0 to 1
 */
record CommitRate(Instant at, long position, boolean backlog, double weighted, double weight) {

    /** Commits of a stage that works in batches come seconds to minutes apart. */
    private static final Duration TIME_CONSTANT = Duration.ofMinutes(2);

    static CommitRate start(Instant at, long position, boolean backlog) {
        return new CommitRate(at, position, backlog, 0, 0);
    }

    CommitRate next(Instant now, long newPosition, boolean newBacklog) {
        double seconds = Duration.between(at, now).toMillis() / 1000.0;
        if (seconds <= 0) {
            return this;
        }
        boolean idle = !backlog && newPosition == position;
        if (idle) {
            return start(now, newPosition, newBacklog);
        }
        double sample = Math.max(0, newPosition - position) / seconds;
        double kept = Math.exp(-seconds * 1000 / TIME_CONSTANT.toMillis());
        return new CommitRate(
                now,
                newPosition,
                newBacklog,
                kept * weighted + (1 - kept) * sample,
                kept * weight + (1 - kept));
    }

    double perSecond() {
        return weight == 0 ? 0 : weighted / weight;
    }
}
