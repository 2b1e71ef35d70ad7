package dev.nocturne.ingest.job;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;

/** Publishes what happens to jobs. Thread-safe. */
public final class JobEvents {

    private final JobPublisher publisher;
    private final JobLog.Listener listener;
    private final Runnable catchUp;
    private final Clock clock;

    /**
     * @param listener told at once what is published here; it comes again from the log
     * @param catchUp waits until the table knows everything that is in the log by now
     */
    public JobEvents(
            JobPublisher publisher, JobLog.Listener listener, Runnable catchUp, Clock clock) {
        this.publisher = publisher;
        this.listener = listener;
        this.catchUp = catchUp;
        this.clock = clock;
    }

    /**
     * Publishes what a caller did to a job, of any instance, and tells the listener; but not of a
     * job with an idempotency key: only the log says whether it is the first with it.
     *
     * @throws IngestException UNAVAILABLE if the brokers do not confirm it; it may be there
     */
    public void publish(String jobId, Object change) {
        JobEvent event = new JobEvent(jobId, now(), change);
        publisher.publish(Topics.JOB_EVENTS, jobId, event);
        if (!(change instanceof JobCreated created) || created.getIdempotencyKey() == null) {
            listener.read(event);
        }
    }

    /**
     * Publishes what the leader did to a job, in a transaction that only the leader can commit, and
     * tells the listener.
     *
     * @throws IngestException UNAVAILABLE if this instance does not lead, or the brokers do not
     *     confirm it; it may be there
     */
    public void publishLeading(String jobId, Object change) {
        publishLeading(List.of(jobId), change);
    }

    /** As {@link #publishLeading(String, Object)}, of several jobs in one transaction. */
    public void publishLeading(Collection<String> jobIds, Object change) {
        Instant now = now();
        List<JobEvent> happened =
                jobIds.stream().map(jobId -> new JobEvent(jobId, now, change)).toList();
        publisher.publish(
                catchUp,
                transaction -> {
                    for (JobEvent event : happened) {
                        transaction.send(Topics.JOB_EVENTS, event.getJobId(), event);
                    }
                    return true;
                });
        happened.forEach(listener::read);
    }

    /** In milliseconds, as records keep times. */
    public Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }
}
