package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobStopped;
import dev.nocturne.events.StopReason;
import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.archive.JobFiles;
import dev.nocturne.ingest.archive.MiscountException;
import dev.nocturne.ingest.file.FileGoneException;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobLog;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.DaemonThreads;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.runtime.telemetry.LogFields;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes every job its next step: start it, stop it when its time is over, end what a stopped one
 * has left, write its files and close it. What the next step is follows from the job's state alone,
 * so a restart goes on where the last process ended. A step that fails comes again.
 *
 * <p>A job is looked at when it has changed, or its time has come; all of them only at the start.
 */
public final class JobKeeper implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(JobKeeper.class);
    private static final Duration PAUSE = Duration.ofMillis(10);

    /** Clocks are set. */
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private static final Duration LONGEST_LOOK = Duration.ofMinutes(5);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);

    /** A store or broker that is back shall not be waited for much longer. */
    private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);

    /** What is wrong with the job itself seldom mends itself. */
    private static final Duration LONGEST_RETRY_OF_ONE = Duration.ofMinutes(15);

    /** Their files shall not wait for those of a large one. */
    private static final int SMALL_AT_ONCE = 4;

    private static final int LARGE_AT_ONCE = 2;

    private enum Step {
        START("it cannot be started"),
        EXPIRE("it cannot be expired"),
        END_UNFINISHED("its unfinished requests cannot be ended"),
        WRITE_FILES("its files cannot be written"),
        CLOSE("it cannot be closed");

        final String failure;

        Step(String failure) {
            this.failure = failure;
        }
    }

    /**
     * What is to be done for a job as it is now.
     *
     * @param step null if there is nothing to do but to wait
     * @param due when there is something to do, unless the job changes before; null: never
     */
    private record NextStep(Step step, Instant due, int total, JobClosed closing) {

        static NextStep of(JobState job, Instant now) {
            Step step = step(job, now);
            boolean expires = job.created() != null && job.stopped() == null && !job.isTerminal();
            return new NextStep(
                    step,
                    expires ? job.created().getExpiresAt() : null,
                    job.total(),
                    step == Step.CLOSE ? job.closing() : null);
        }

        private static Step step(JobState job, Instant now) {
            if (job.isTerminal()) {
                return null;
            }
            if (job.allFinished()) {
                return job.isSingleCaption() ? Step.CLOSE : Step.WRITE_FILES;
            }
            if (job.created() == null) {
                return null;
            }
            if (job.stopped() == null && !now.isBefore(job.created().getExpiresAt())) {
                return Step.EXPIRE;
            }
            if (!job.isStarted()) {
                return Step.START;
            }
            return job.stopped() == null ? null : Step.END_UNFINISHED;
        }
    }

    /** Of a job that fails. */
    private record Retry(Instant at, Duration nextDelay) {}

    private final JobTable jobs;
    private final Intake intake;
    private final JobEvents events;
    private final JobFiles files;
    private final Clock clock;
    private final JobClosings closings;
    private final Rounds rounds = new Rounds("job-keeper", PAUSE, LONGEST_LOOK);
    private final ExecutorService starts = threads("job-starts", 1);
    private final ExecutorService ends = threads("job-ends", 1);
    private final ExecutorService small = threads("small-job-files", SMALL_AT_ONCE);
    private final ExecutorService large = threads("large-job-files", LARGE_AT_ONCE);
    private final Set<String> changed = ConcurrentHashMap.newKeySet();
    private final TimeQueue times = new TimeQueue(); // guarded by this, like the next
    private final Set<String> atWork = new HashSet<>();
    private final Map<String, Retry> retries = new HashMap<>();
    private Runnable endOfChanges = () -> {};

    /**
     * @param catchUp waits until the table knows everything that is in the log by now
     * @param listener told at once what is published here; it comes again from the log
     */
    public JobKeeper(
            JobTable jobs,
            Intake intake,
            JobEvents events,
            JobFiles files,
            JobPublisher publisher,
            JobLog.Listener listener,
            Runnable catchUp,
            Clock clock) {
        this.jobs = jobs;
        this.intake = intake;
        this.events = events;
        this.files = files;
        this.clock = clock;
        this.closings =
                new JobClosings(
                        jobs,
                        publisher,
                        events,
                        listener,
                        catchUp,
                        new JobClosings.Owner() {
                            @Override
                            public void published(List<String> jobIds) {
                                jobIds.forEach(JobKeeper.this::done);
                            }

                            @Override
                            public void failed(List<String> jobIds, Throwable reason) {
                                JobKeeper.this.failed(Step.CLOSE, jobIds, reason);
                            }
                        });
    }

    private static ExecutorService threads(String name, int count) {
        return Executors.newFixedThreadPool(count, DaemonThreads.named(name));
    }

    @Override
    public synchronized void start() {
        if (rounds.isStarted()) {
            return;
        }
        endOfChanges = jobs.onChange(this::look);
        changed.addAll(jobs.open(job -> true)); // after that: none between the two is missed
        closings.start();
        rounds.start(this::round);
    }

    @Override
    public Health health() {
        return Health.all(List.of(rounds.health(), closings.health()));
    }

    /** Has the job looked at soon. On any thread, and under any lock. */
    private void look(String id) {
        changed.add(id);
        rounds.wake();
    }

    private Duration round() {
        try {
            Duration pause = takeSteps();
            rounds.beat();
            return pause;
        } catch (Throwable e) { // the next round comes only if this one ends well
            if (!rounds.isStopped()) {
                LOG.error("ING-01 the next steps of jobs not found, tried again: {}", e.toString());
                LOG.debug("ING-01", e);
            }
            return FIRST_RETRY;
        }
    }

    private synchronized Duration takeSteps() {
        Instant now = clock.instant();
        times.takeDue(now).forEach(changed::add);
        for (Iterator<String> ids = changed.iterator(); ids.hasNext(); ) {
            String id = ids.next();
            ids.remove(); // first: what changes from now on is looked at again
            takeStep(id, now);
        }
        Instant next = times.next();
        if (next == null) {
            return LONGEST_PAUSE;
        }
        Duration pause = Duration.between(now, next);
        return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
    }

    private void takeStep(String id, Instant now) {
        if (atWork.contains(id)) {
            return; // it is looked at when that is done
        }
        NextStep next = jobs.ask(id, job -> NextStep.of(job, now)).orElse(null);
        if (next == null || next.step == null && next.due == null) {
            times.clear(id);
            retries.remove(id);
            return;
        }
        Retry retry = retries.get(id);
        if (retry != null && now.isBefore(retry.at)) {
            times.set(id, retry.at);
        } else if (next.step == null) {
            times.set(id, next.due);
        } else {
            times.clear(id);
            submit(next, id);
        }
    }

    private void submit(NextStep next, String id) {
        atWork.add(id);
        if (next.step == Step.CLOSE) {
            closings.add(id, next.closing);
            return;
        }
        try {
            threadsOf(next).execute(() -> LogFields.job(id, () -> run(next.step, id)));
        } catch (RejectedExecutionException e) {
            atWork.remove(id); // closing
        }
    }

    private ExecutorService threadsOf(NextStep next) {
        return switch (next.step) {
            case START -> starts;
            case EXPIRE, END_UNFINISHED -> ends;
            default -> JobFiles.isSmall(next.total) ? small : large;
        };
    }

    private void run(Step step, String id) {
        try {
            if (runToItsEnd(step, id)) {
                done(id);
            }
        } catch (Throwable e) { // of any kind: it is one job's, and the others go on
            failed(step, List.of(id), e);
        }
    }

    /**
     * @return false if the closings go on with it
     */
    private boolean runToItsEnd(Step step, String id) throws IOException {
        try {
            switch (step) {
                case START -> intake.start(id);
                case EXPIRE -> events.publishLeading(id, new JobStopped(StopReason.EXPIRED));
                case END_UNFINISHED -> intake.endUnfinished(id);
                default -> {
                    return !writeFiles(id);
                }
            }
        } catch (FileGoneException e) {
            intake.fail(id, e.problem());
        } catch (MiscountException e) {
            LOG.warn("ING-02 job {}: {}", id, e.getMessage());
            jobs.recount(id, e.results(), e.foreign());
        }
        return true;
    }

    /**
     * @return false if the job has been deleted meanwhile
     */
    private boolean writeFiles(String id) throws IOException {
        JobFiles.Content content = jobs.ask(id, JobFiles.Content::of).orElse(null);
        if (content == null) {
            return false;
        }
        files.write(content);
        LOG.info("job {} has its files: {}", id, JobKeys.manifestKey(id));
        closings.add(id, content.closing());
        return true;
    }

    private synchronized void done(String id) {
        atWork.remove(id);
        if (retries.remove(id) != null) {
            jobs.setProblem(id, null);
        }
        look(id);
    }

    private synchronized void failed(Step step, List<String> ids, Throwable e) {
        if (rounds.isStopped()) {
            return;
        }
        Instant now = clock.instant();
        boolean isAway =
                e instanceof TransientException
                        || e instanceof FatalException
                        || e instanceof IngestException;
        Duration longest = isAway ? LONGEST_RETRY : LONGEST_RETRY_OF_ONE;
        String reason = e.getMessage() == null ? e.toString() : e.getMessage();
        for (String id : ids) {
            Retry before = retries.get(id);
            Duration next = before == null ? FIRST_RETRY : before.nextDelay;
            Duration delay = next.compareTo(longest) < 0 ? next : longest;
            retries.put(id, new Retry(now.plus(delay), delay.multipliedBy(2)));
            jobs.setProblem(id, "%s (%s)".formatted(step.failure, reason));
            atWork.remove(id);
            look(id);
        }
        LOG.warn(
                "ING-03 job {}{}: {}, next try in {}: {}",
                ids.get(0),
                ids.size() == 1 ? "" : " and %d others".formatted(ids.size() - 1),
                step.failure,
                Duration.between(now, retries.get(ids.get(0)).at),
                reason);
        LOG.debug("ING-03 job {}", ids.get(0), e);
    }

    @Override
    public void close() {
        endOfChanges();
        rounds.stop();
        closings.close();
        List<ExecutorService> all = List.of(starts, ends, small, large);
        all.forEach(ExecutorService::shutdownNow);
        try {
            for (ExecutorService threads : all) {
                threads.awaitTermination(10, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void endOfChanges() {
        endOfChanges.run();
    }
}
