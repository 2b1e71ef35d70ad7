package dev.nocturne.ingest.dispatch;

import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.archive.JobFiles;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.Health;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sums up every job that is over: from then on no process keeps it in memory, and nobody needs its
 * records in the log. So does a start with the log of an older version, which has no summaries.
 */
public final class Summaries implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(Summaries.class);

    /** In one transaction. */
    private static final int MOST = 500;

    /** What ends together is summed up together. */
    private static final Duration LEAST_PAUSE = Duration.ofMillis(500);

    private static final Duration PAUSE = Duration.ofMinutes(1);
    private static final Duration RETRY = Duration.ofSeconds(30);

    /** The results of the largest job, to a slow store. */
    private static final Duration LONGEST_ROUND = Duration.ofMinutes(30);

    /** What has to be in the bucket of a job before the log forgets it. */
    public interface Archive {

        /**
         * Puts the results there, unless they are.
         *
         * @throws IOException if this process cannot write
         */
        void ensureResults(JobFiles.Content job) throws IOException;
    }

    private final JobTable jobs;
    private final Archive archive;
    private final JobPublisher publisher;
    private final Runnable catchUp;
    private final Clock clock;
    private final Rounds rounds = new Rounds("summaries", LEAST_PAUSE, LONGEST_ROUND);
    private final Map<String, Instant> notBefore = new HashMap<>(); // the thread's own
    private Runnable endListening = () -> {}; // guarded by this

    /**
     * @param catchUp waits until the table knows everything that is in the log by now
     */
    public Summaries(
            JobTable jobs, Archive archive, JobPublisher publisher, Runnable catchUp, Clock clock) {
        this.jobs = jobs;
        this.archive = archive;
        this.publisher = publisher;
        this.catchUp = catchUp;
        this.clock = clock;
    }

    @Override
    public synchronized void start() {
        if (!rounds.isStarted()) {
            endListening =
                    jobs.onChange(
                            id -> {
                                if (jobs.isAnyOver()) {
                                    rounds.wake();
                                }
                            });
            rounds.start(this::round);
        }
    }

    @Override
    public Health health() {
        return rounds.health();
    }

    private Duration round() {
        try {
            notBefore.values().removeIf(time -> !clock.instant().isBefore(time));
            sumUpAll();
            return notBefore.isEmpty() ? PAUSE : RETRY;
        } catch (Throwable e) { // the next round comes only if this one ends well
            if (!rounds.isStopped()) {
                LOG.warn("ING-31 jobs not summed up, next try in {}: {}", RETRY, e.toString());
                LOG.debug("ING-31", e);
            }
            return RETRY;
        } finally {
            rounds.beat();
        }
    }

    /**
     * What is over before the log is read to its end can be summed up: the log begins behind it.
     */
    private void sumUpAll() {
        Set<String> next = take(Set.of());
        if (!next.isEmpty()) {
            catchUp.run();
        }
        while (!next.isEmpty() && !rounds.isStopped()) {
            Set<String> ids = next;
            publisher.publish(
                    catchUp,
                    transaction -> {
                        jobs.summaries(ids)
                                .forEach(
                                        summary ->
                                                transaction.send(
                                                        Topics.JOB_SUMMARIES,
                                                        summary.getJobId(),
                                                        summary));
                        return true;
                    });
            next = take(ids);
            catchUp.run();
            LOG.debug("{} jobs summed up", ids.size());
            rounds.beat();
        }
    }

    private Set<String> take(Set<String> others) {
        Set<String> ids = new LinkedHashSet<>();
        int most = MOST + others.size() + notBefore.size();
        for (String id : jobs.over(most, JobState::id)) {
            boolean isWanted = !others.contains(id) && !notBefore.containsKey(id);
            if (isWanted && ids.size() < MOST && isArchived(id)) {
                ids.add(id);
            }
        }
        return ids;
    }

    private boolean isArchived(String id) {
        List<JobFiles.Content> needed =
                jobs.ask(
                                id,
                                job ->
                                        job.isStarted() && !job.isSingleCaption()
                                                ? List.of(JobFiles.Content.of(job))
                                                : List.<JobFiles.Content>of())
                        .orElse(List.of()); // it is deleted
        try {
            for (JobFiles.Content content : needed) {
                archive.ensureResults(content);
                rounds.beat();
            }
            return true;
        } catch (IOException | RuntimeException e) {
            if (!rounds.isStopped()) {
                LOG.warn(
                        "ING-31 the results of job {} are not in the bucket, next try in {}: {}",
                        id,
                        RETRY,
                        Objects.requireNonNullElse(e.getMessage(), e.toString()));
            }
            notBefore.put(id, clock.instant().plus(RETRY));
            return false;
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            endListening.run();
        }
        rounds.stop();
    }
}
