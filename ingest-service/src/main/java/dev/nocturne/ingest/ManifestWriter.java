package dev.nocturne.ingest;

import dev.nocturne.runtime.ObjectStore;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts the manifest of each finished job into the bucket, on a thread of its own, until it is. */
final class ManifestWriter implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ManifestWriter.class);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);

    private final JobTable jobs;
    private final ObjectStore store;
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        Thread thread = new Thread(task, "manifest-writer");
                        thread.setDaemon(true);
                        return thread;
                    });

    ManifestWriter(JobTable jobs, ObjectStore store) {
        this.jobs = jobs;
        this.store = store;
    }

    /** From any thread; the job's requests have all finished. */
    void write(String jobId) {
        schedule(jobId, Duration.ZERO, FIRST_RETRY);
    }

    private void schedule(String jobId, Duration delay, Duration nextDelay) {
        try {
            thread.schedule(
                    () -> attempt(jobId, nextDelay), delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // closing: the replay after the next start finds the job without its manifest
        }
    }

    private void attempt(String jobId, Duration nextDelay) {
        String key = Manifest.key(jobId);
        try {
            if (!store.exists(key)) {
                store.put(key, jobs.manifest(jobId).toJson(), Manifest.CONTENT_TYPE);
                LOG.info("job {} completed: {}", jobId, key);
            }
            jobs.manifestStored(jobId);
        } catch (RuntimeException e) {
            LOG.warn("{} not stored, next try in {}: {}", key, nextDelay, e.getMessage());
            Duration doubled = nextDelay.multipliedBy(2);
            schedule(
                    jobId,
                    nextDelay,
                    doubled.compareTo(LONGEST_RETRY) < 0 ? doubled : LONGEST_RETRY);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
