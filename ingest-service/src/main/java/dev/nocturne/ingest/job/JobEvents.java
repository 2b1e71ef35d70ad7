package dev.nocturne.ingest.job;

import dev.nocturne.events.JobEvent;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Publishes what happens to jobs. Thread-safe. */
public final class JobEvents {

    private final JobPublisher publisher;
    private final JobLog.Listener listener;
    private final Clock clock;

    /**
     * @param listener told at once what is published here; it comes again from the log
     */
    public JobEvents(JobPublisher publisher, JobLog.Listener listener, Clock clock) {
        this.publisher = publisher;
        this.listener = listener;
        this.clock = clock;
    }

    /**
     * Publishes what happened to a job, and tells the listener.
     *
     * @throws IngestException UNAVAILABLE if the brokers do not confirm it; it may be there
     */
    public void publish(String jobId, Object change) {
        JobEvent event = new JobEvent(jobId, now(), change);
        publisher.publish(Topics.JOB_EVENTS, jobId, event);
        listener.read(event);
    }

    /** In milliseconds, as records keep times. */
    public Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }
}
