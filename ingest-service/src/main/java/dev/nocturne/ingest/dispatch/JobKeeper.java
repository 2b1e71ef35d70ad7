package dev.nocturne.ingest.dispatch;

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
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.TransientException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes every job its next step: start it, stop it when its time is over, write off what a stopped
 * one has left, write its files and close it. What the next step is follows from the job's state
 * alone, so a restart goes on where the last process ended. A step that fails comes again.
 */
public final class JobKeeper implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(JobKeeper.class);
    private static final Duration TICK = Duration.ofMillis(100);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);

    /** A store or broker that is back shall not be waited for much longer. */
    private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);

    /** What is wrong with the job itself seldom mends itself. */
    private static final Duration LONGEST_RETRY_OF_ONE = Duration.ofMinutes(15);

    /** A large job takes minutes, and others shall not wait for it. */
    private static final int CLOSING_AT_ONCE = 4;

    private static final Duration LONGEST_TICK = Duration.ofMinutes(5);

    private enum Step {
        START("it cannot be started"),
        EXPIRE("it cannot be expired"),
        WRITE_OFF("what it has left cannot be written off"),
        CLOSE("its files cannot be written");

        final String failure;

        Step(String failure) {
            this.failure = failure;
        }
    }

    private interface Action {
        void run() throws IOException;
    }

    private final JobTable jobs;
    private final Intake intake;
    private final JobEvents events;
    private final JobFiles files;
    private final Clock clock;
    private final Rounds rounds = new Rounds("job-keeper", TICK, LONGEST_TICK);
    private final ExecutorService starts = threads("job-starts", 1);
    private final ExecutorService ends = threads("job-ends", 1);
    private final ExecutorService closes = threads("job-closes", CLOSING_AT_ONCE);
    private final Set<String> atWork = new HashSet<>(); // guarded by this, like the next
    private final Map<String, Duration> retries = new HashMap<>();
    private final Map<String, Instant> notBefore = new HashMap<>();

    public JobKeeper(JobTable jobs, Intake intake, JobEvents events, JobFiles files, Clock clock) {
        this.jobs = jobs;
        this.intake = intake;
        this.events = events;
        this.files = files;
        this.clock = clock;
    }

    private static ExecutorService threads(String name, int count) {
        return Executors.newFixedThreadPool(
                count,
                task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    return thread;
                });
    }

    @Override
    public void start() {
        rounds.start(this::tick);
    }

    @Override
    public Health health() {
        return rounds.health();
    }

    private void tick() {
        try {
            submitSteps();
            rounds.beat();
        } catch (Throwable e) { // the next tick comes only if this one ends well
            if (!rounds.isStopped()) {
                LOG.error("ING-01 the next steps of jobs not found, tried again: {}", e.toString());
                LOG.debug("ING-01", e);
            }
        }
    }

    private synchronized void submitSteps() {
        Instant now = clock.instant();
        // the ends first: what has been stopped is not to be started
        for (Step step : List.of(Step.EXPIRE, Step.WRITE_OFF, Step.CLOSE, Step.START)) {
            for (String id : jobs.open(job -> step == next(job, now))) {
                if (!atWork.contains(id)
                        && !now.isBefore(notBefore.getOrDefault(id, Instant.MIN))) {
                    submit(step, id);
                }
            }
        }
    }

    /** Null if there is nothing to do but to wait. */
    private static Step next(JobState job, Instant now) {
        if (job.allFinished()) {
            return Step.CLOSE;
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
        return job.stopped() == null ? null : Step.WRITE_OFF;
    }

    private void submit(Step step, String id) {
        atWork.add(id);
        try {
            threadOf(step).execute(() -> run(step, id));
        } catch (RejectedExecutionException e) {
            atWork.remove(id); // closing
        }
    }

    private ExecutorService threadOf(Step step) {
        return switch (step) {
            case START -> starts;
            case EXPIRE, WRITE_OFF -> ends;
            case CLOSE -> closes;
        };
    }

    private void run(Step step, String id) {
        try {
            runToItsEnd(step, id);
            done(id);
        } catch (Throwable e) { // of any kind: it is one job's, and the others go on
            failed(step, id, e);
        }
    }

    private void runToItsEnd(Step step, String id) throws IOException {
        try {
            action(step, id).run();
        } catch (FileGoneException e) {
            intake.fail(id, e.problem());
        } catch (MiscountException e) {
            LOG.warn("ING-02 job {}: {}", id, e.getMessage());
            jobs.recount(id, e.results(), e.foreign());
        }
    }

    private Action action(Step step, String id) {
        return switch (step) {
            case START -> () -> intake.start(id);
            case EXPIRE -> () -> events.publishLeading(id, new JobStopped(StopReason.EXPIRED));
            case WRITE_OFF -> () -> intake.writeOff(id);
            case CLOSE -> () -> close(id);
        };
    }

    private void close(String id) throws IOException {
        JobFiles.Content content = jobs.ask(id, JobFiles.Content::of).orElseThrow();
        files.write(content);
        events.publishLeading(id, content.closing());
        LOG.info("job {} closed: {}", id, JobKeys.manifestKey(id));
    }

    private synchronized void done(String id) {
        atWork.remove(id);
        if (retries.containsKey(id)) {
            jobs.setProblem(id, null);
        }
        retries.remove(id);
        notBefore.remove(id);
    }

    private synchronized void failed(Step step, String id, Throwable e) {
        atWork.remove(id);
        boolean isAway =
                e instanceof TransientException
                        || e instanceof FatalException
                        || e instanceof IngestException;
        Duration longest = isAway ? LONGEST_RETRY : LONGEST_RETRY_OF_ONE;
        Duration next = retries.getOrDefault(id, FIRST_RETRY);
        Duration delay = next.compareTo(longest) < 0 ? next : longest;
        retries.put(id, delay.multipliedBy(2));
        notBefore.put(id, clock.instant().plus(delay));
        if (!rounds.isStopped()) {
            String reason = e.getMessage() == null ? e.toString() : e.getMessage();
            jobs.setProblem(id, "%s (%s)".formatted(step.failure, reason));
            LOG.warn("ING-03 job {}: {}, next try in {}: {}", id, step.failure, delay, reason);
            LOG.debug("ING-03 job {}", id, e);
        }
    }

    @Override
    public void close() {
        rounds.stop();
        for (ExecutorService threads : List.of(starts, ends, closes)) {
            threads.shutdownNow();
        }
        try {
            starts.awaitTermination(10, TimeUnit.SECONDS);
            ends.awaitTermination(10, TimeUnit.SECONDS);
            closes.awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
