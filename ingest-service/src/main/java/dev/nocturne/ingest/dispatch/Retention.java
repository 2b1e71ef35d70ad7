package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.JobDeleted;
import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.Health;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes finished jobs whose time is over, the oldest first, as a caller would; and forgets that
 * there were jobs which were deleted long ago.
 */
public final class Retention implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(Retention.class);

    /** In one transaction. */
    private static final int MOST = 500;

    /** Deleted ones whose objects have not left the bucket: the others wait. */
    private static final int MOST_AT_ONCE = 1_000;

    /** So long the API says of a deleted job that it is. */
    private static final Duration SAYS_SO = Duration.ofDays(30);

    private static final Duration BUSY_PAUSE = Duration.ofSeconds(1);
    private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(5);
    private static final Duration PAUSE = Duration.ofMinutes(1);
    private static final Duration LONGEST_ROUND = Duration.ofMinutes(10);

    private final JobTable jobs;
    private final JobEvents events;
    private final JobPublisher publisher;
    private final Runnable catchUp;
    private final Duration retention; // null: jobs are kept
    private final Clock clock;
    private final Duration pause;
    private final Rounds rounds = new Rounds("retention", BUSY_PAUSE, LONGEST_ROUND);

    /**
     * @param catchUp waits until the table knows everything that is in the log by now
     * @param retention of jobs, from their end; null: until somebody deletes them
     */
    public Retention(
            JobTable jobs,
            JobEvents events,
            JobPublisher publisher,
            Runnable catchUp,
            Duration retention,
            Clock clock) {
        this.jobs = jobs;
        this.events = events;
        this.publisher = publisher;
        this.catchUp = catchUp;
        this.retention = retention;
        this.clock = clock;
        boolean isShort = retention != null && retention.compareTo(PAUSE.multipliedBy(10)) < 0;
        pause = isShort ? SHORTEST_PAUSE : PAUSE;
    }

    @Override
    public void start() {
        rounds.start(this::round);
    }

    @Override
    public Health health() {
        return rounds.health();
    }

    private Duration round() {
        try {
            boolean isMore = retention != null && deleteOld();
            isMore |= forgetDeleted();
            return isMore ? BUSY_PAUSE : pause;
        } catch (Throwable e) { // the next round comes only if this one ends well
            if (!rounds.isStopped()) {
                LOG.warn("ING-33 not all jobs whose time is over are deleted: {}", e.toString());
                LOG.debug("ING-33", e);
            }
            return pause;
        } finally {
            rounds.beat();
        }
    }

    /**
     * @return whether there is perhaps more
     */
    private boolean deleteOld() {
        if (jobs.deletedJobs().size() > MOST_AT_ONCE - MOST) {
            return true;
        }
        Instant end = clock.instant().minus(retention);
        List<String> old =
                jobs.endedBefore(end, MOST).stream()
                        .filter(id -> jobs.open(child -> child.reranks(id)).isEmpty())
                        .toList();
        if (!old.isEmpty()) {
            events.publishLeading(old, new JobDeleted(false));
            LOG.info("ING-34 {} jobs deleted that ended before {}", old.size(), end);
        }
        return old.size() == MOST;
    }

    /**
     * @return whether there is perhaps more
     */
    private boolean forgetDeleted() {
        List<String> old = jobs.deletedBefore(clock.instant().minus(SAYS_SO), MOST);
        if (old.isEmpty()) {
            return false;
        }
        publisher.publish(
                catchUp,
                transaction -> {
                    old.forEach(id -> transaction.forget(Topics.JOB_SUMMARIES, id));
                    return true;
                });
        catchUp.run();
        return old.size() == MOST;
    }

    @Override
    public void close() {
        rounds.stop();
    }
}
