package dev.nocturne.ingest.dispatch;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.Survey;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.StageException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts a job while its caller waits, or waits until the leader has: so the answer looks the same,
 * whichever instance gives it. Thread-safe.
 */
public final class FirstStart {

    private static final Logger LOG = LoggerFactory.getLogger(FirstStart.class);

    /** The leader takes one job after the other, and its caller wants an answer. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final JobTable jobs;
    private final Intake intake;
    private final JobPublisher publisher;

    public FirstStart(JobTable jobs, Intake intake, JobPublisher publisher) {
        this.jobs = jobs;
        this.intake = intake;
        this.publisher = publisher;
    }

    /**
     * It has been accepted; if it is not started now, the leader does it later.
     *
     * @param survey of its file, if that was read before it was created
     * @throws IOException if the file cannot be read
     */
    public void tryNow(String jobId, Optional<Survey> survey) throws IOException {
        if (!publisher.leads()) {
            await(jobId);
            return;
        }
        try {
            if (survey.isPresent()) {
                intake.start(jobId, survey.get());
            } else {
                intake.start(jobId);
            }
        } catch (IngestException | StageException e) {
            LOG.warn("job {} not started yet: {}", jobId, e.getMessage());
        }
    }

    private void await(String jobId) {
        CompletableFuture<Void> decided = new CompletableFuture<>();
        Runnable endOfChanges =
                jobs.onChange(
                        id -> {
                            if (id.equals(jobId) && isDecided(jobId)) {
                                decided.complete(null);
                            }
                        });
        try {
            if (!isDecided(jobId)) {
                decided.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            }
        } catch (TimeoutException e) {
            LOG.debug("job {} not started yet", jobId);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new AssertionError("nothing completes it so", e);
        } finally {
            endOfChanges.run();
        }
    }

    /** Whether it is started, or has ended before. */
    private boolean isDecided(String jobId) {
        return jobs.ask(jobId, job -> job.isStarted() || job.isTerminal()).orElse(false);
    }
}
