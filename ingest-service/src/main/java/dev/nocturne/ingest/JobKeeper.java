package dev.nocturne.ingest;

import dev.nocturne.events.JobStopped;
import dev.nocturne.events.StopReason;
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
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes every job its next step: start it, stop it when its time is over, write off what a stopped
 * one has left, write its files and close it. What the next step is follows from the job's state
 * alone, so a restart goes on where the last process ended. A step that fails comes again.
 */
final class JobKeeper implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JobKeeper.class);
    private static final Duration TICK = Duration.ofMillis(100);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);

    private enum Step {
        START,
        EXPIRE,
        WRITE_OFF,
        CLOSE
    }

    private interface Action {
        void run() throws IOException;
    }

    private final JobTable jobs;
    private final Intake intake;
    private final JobFiles files;
    private final Clock clock;
    private final ScheduledExecutorService ticker = thread("job-keeper");
    private final ExecutorService starts = thread("job-starts");
    private final ExecutorService ends = thread("job-ends");
    private final ExecutorService closes = thread("job-closes"); // takes minutes for a large job
    private final Set<String> atWork = new HashSet<>(); // guarded by this, like the next
    private final Map<String, Duration> retries = new HashMap<>();
    private final Map<String, Instant> notBefore = new HashMap<>();

    private boolean started; // guarded by this

    JobKeeper(JobTable jobs, Intake intake, JobFiles files, Clock clock) {
        this.jobs = jobs;
        this.intake = intake;
        this.files = files;
        this.clock = clock;
    }

    private static ScheduledExecutorService thread(String name) {
        return Executors.newSingleThreadScheduledExecutor(
                task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** The table must know all that was in the log before; later calls change nothing. */
    synchronized void start() {
        if (started) {
            return;
        }
        started = true;
        ticker.scheduleWithFixedDelay(this::tick, 0, TICK.toMillis(), TimeUnit.MILLISECONDS);
    }

    private synchronized void tick() {
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
            action(step, id).run();
            done(id);
        } catch (IOException | RuntimeException e) {
            failed(step, id, e);
        }
    }

    private Action action(Step step, String id) {
        return switch (step) {
            case START -> () -> intake.start(id);
            case EXPIRE -> () -> intake.publish(id, new JobStopped(StopReason.EXPIRED));
            case WRITE_OFF -> () -> intake.writeOff(id);
            case CLOSE -> () -> close(id);
        };
    }

    private void close(String id) throws IOException {
        JobFiles.Content content = jobs.ask(id, JobFiles.Content::of).orElseThrow();
        files.write(content);
        intake.publish(id, content.closing());
        LOG.info("job {} closed: {}", id, JobFiles.manifestKey(id));
    }

    private synchronized void done(String id) {
        atWork.remove(id);
        retries.remove(id);
        notBefore.remove(id);
    }

    private synchronized void failed(Step step, String id, Exception e) {
        atWork.remove(id);
        Duration delay = retries.getOrDefault(id, FIRST_RETRY);
        Duration doubled = delay.multipliedBy(2);
        retries.put(id, doubled.compareTo(LONGEST_RETRY) < 0 ? doubled : LONGEST_RETRY);
        notBefore.put(id, clock.instant().plus(delay));
        LOG.warn("job {}: {} not done, next try in {}: {}", id, step, delay, e.getMessage());
        LOG.debug("job {}", id, e);
    }

    /** Breaks off what is under way: it comes again after the next start. */
    @Override
    public void close() {
        for (ExecutorService thread : List.of(ticker, starts, ends, closes)) {
            thread.shutdownNow();
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
