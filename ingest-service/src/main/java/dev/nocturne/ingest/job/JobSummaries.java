package dev.nocturne.ingest.job;

import static dev.nocturne.events.RequestStatus.CANCELLED;
import static dev.nocturne.events.RequestStatus.COMPLETED;
import static dev.nocturne.events.RequestStatus.EXPIRED;
import static dev.nocturne.events.RequestStatus.FAILED;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobStopped;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.schemas.EventCodec;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;

/** What is kept of a job that is over, and the job that this tells of. */
final class JobSummaries {

    private JobSummaries() {}

    /**
     * Sums up a job that is over, see {@link JobState#isOver}.
     *
     * @param readTo how far the log has been read, by topic and partition
     * @param logStart where it begins for whoever knows this
     */
    static JobSummary of(JobState job, Map<String, Long> readTo, Map<String, Long> logStart) {
        return job.deletedAt() == null ? whole(job, logStart) : deleted(job, readTo, logStart);
    }

    private static JobSummary whole(JobState job, Map<String, Long> logStart) {
        JobRequests requests = job.requests();
        return new JobSummary(
                job.id(),
                job.submittedAt(),
                bytes(job.history().submitted()),
                events(job),
                bytes(job.single()),
                requests.count(COMPLETED),
                requests.count(FAILED),
                requests.count(CANCELLED),
                requests.count(EXPIRED),
                requests.finishedAt().equals(Instant.MIN) ? null : requests.finishedAt(),
                job.cover().caption(),
                job.cover().pictures(),
                null,
                Map.of(),
                null,
                logStart);
    }

    private static ByteBuffer bytes(SpecificRecord event) {
        return event == null ? null : ByteBuffer.wrap(EventCodec.encode(event));
    }

    private static List<ByteBuffer> events(JobState job) {
        List<ByteBuffer> events = new ArrayList<>();
        add(events, job, job.history().createdAt(), job.created());
        add(
                events,
                job,
                job.history().stoppedAt(),
                job.stopped() == null ? null : new JobStopped(job.stopped()));
        add(events, job, job.history().rejectedAt(), job.history().rejected());
        add(events, job, job.history().closedAt(), job.history().closed());
        return events;
    }

    private static void add(List<ByteBuffer> events, JobState job, Instant at, Object change) {
        if (change != null) {
            events.add(bytes(new JobEvent(job.id(), at, change)));
        }
    }

    private static JobSummary deleted(
            JobState job, Map<String, Long> readTo, Map<String, Long> logStart) {
        return new JobSummary(
                job.id(),
                job.isKnown() ? job.submittedAt() : job.deletedAt(),
                null,
                List.of(),
                null,
                0,
                0,
                0,
                0,
                null,
                null,
                List.of(),
                job.deletedAt(),
                readTo,
                job.created() == null ? null : job.created().getIdempotencyKey(),
                logStart);
    }

    /** How the job was made; null for one that came through Kafka, or is deleted. */
    static JobCreated created(JobSummary summary) {
        return summary.getEvents().stream()
                .map(event -> EventCodec.decode(JobEvent.class, EventCodec.bytes(event)))
                .map(JobEvent::getChange)
                .filter(JobCreated.class::isInstance)
                .map(JobCreated.class::cast)
                .findFirst()
                .orElse(null);
    }

    /** The job as it was when it was summed up. */
    static JobState state(JobSummary summary) {
        JobState job = new JobState(summary.getJobId());
        if (summary.getSubmitted() != null) {
            byte[] submitted = EventCodec.bytes(summary.getSubmitted());
            job.add(EventCodec.decode(JobSubmitted.class, submitted));
        }
        for (ByteBuffer event : summary.getEvents()) {
            job.add(EventCodec.decode(JobEvent.class, EventCodec.bytes(event)));
        }
        job.restore(
                summary,
                Map.of(
                        COMPLETED,
                        summary.getCompleted(),
                        FAILED,
                        summary.getFailed(),
                        CANCELLED,
                        summary.getCancelled(),
                        EXPIRED,
                        summary.getExpired()));
        return job;
    }
}
