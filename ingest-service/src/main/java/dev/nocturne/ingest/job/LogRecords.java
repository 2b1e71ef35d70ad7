package dev.nocturne.ingest.job;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobRejected;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.EventTimes;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.MalformedEventException;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads events back from their topics, and refuses what no service of this pipeline would have
 * written: anybody can write to a topic, and a record stays there for ever.
 *
 * <p>Each method throws an {@link IllegalArgumentException} or {@link MalformedEventException}
 * whose message names the value.
 */
public final class LogRecords {

    private LogRecords() {}

    static JobSubmitted jobSubmitted(ConsumerRecord<byte[], byte[]> record) {
        JobSubmitted event = EventCodec.decode(JobSubmitted.class, record.value());
        checkJobId("jobId", event.getJobId());
        check(
                event.getTotal() >= 1 && event.getTotal() <= JobParser.MAX_CAPTIONS,
                "total is %s: must be 1 to %s",
                event.getTotal(),
                JobParser.MAX_CAPTIONS);
        checkTime("submittedAt", event.getSubmittedAt());
        return event;
    }

    public static JobEvent jobEvent(ConsumerRecord<byte[], byte[]> record) {
        JobEvent event = EventCodec.decode(JobEvent.class, record.value());
        checkJobId("jobId", event.getJobId());
        checkTime("at", event.getAt());
        if (event.getChange() instanceof JobCreated created) {
            check(created);
        } else if (event.getChange() instanceof JobRejected rejected) {
            check(!rejected.getProblems().isEmpty(), "it names no problem");
        } else if (event.getChange() instanceof JobReleased released) {
            checkCount("line", released.getLine());
            checkCount("held", released.getHeld());
        } else if (event.getChange() instanceof JobClosed closed) {
            checkCount("completed", closed.getCompleted());
            checkCount("failed", closed.getFailed());
            checkCount("cancelled", closed.getCancelled());
            checkCount("expired", closed.getExpired());
            checkTime("finishedAt", closed.getFinishedAt());
        }
        return event;
    }

    private static void check(JobCreated created) {
        check(
                FileStore.isId(created.getInputFileId()),
                "inputFileId is '%s'",
                Excerpt.of(created.getInputFileId()));
        CompletionWindow.parse(created.getCompletionWindow());
        Schedule.of(created);
        checkTime("expiresAt", created.getExpiresAt());
        check(
                created.getIdempotencyKey() == null || created.getRequestDigest() != null,
                "an idempotencyKey without a requestDigest");
        if (created.getReplay() != null) {
            checkJobId("replay.jobId", created.getReplay().getJobId());
            int top = created.getReplay().getTop();
            check(
                    top >= 0 && top <= Limits.MAX_TOP,
                    "replay.top is %s: must be 0 to %s",
                    top,
                    Limits.MAX_TOP);
        }
    }

    static JobSummary jobSummary(ConsumerRecord<byte[], byte[]> record) {
        JobSummary summary = EventCodec.decode(JobSummary.class, record.value());
        checkJobId("jobId", summary.getJobId());
        check(
                record.key() != null && summary.getJobId().equals(new String(record.key(), UTF_8)),
                "its key is not the job's, '%s'",
                summary.getJobId());
        checkTime("submittedAt", summary.getSubmittedAt());
        JobState job = JobSummaries.state(summary);
        check(job.isOver(), "job '%s' is not over", summary.getJobId());
        return summary;
    }

    public static RequestFinished requestFinished(ConsumerRecord<byte[], byte[]> record) {
        RequestFinished event = EventCodec.decode(RequestFinished.class, record.value());
        RequestRef request = event.getRequest();
        String key = Ids.key(request.getJobId(), request.getRequestId());
        Ids.parse(key);
        check(
                record.key() != null && key.equals(new String(record.key(), UTF_8)),
                "its key is not the request's, '%s'",
                key);
        checkTime("finishedAt", event.getFinishedAt());
        boolean completed = event.getStatus() == RequestStatus.COMPLETED;
        check(
                completed == (event.getFailure() == null),
                "a request that is %s %s a failure",
                event.getStatus(),
                completed ? "has" : "lacks");
        String folder = ResultFile.folder(request.getJobId(), request.getRequestId());
        for (StoredImage image : event.getImages()) {
            check(
                    image.getKey().startsWith(folder),
                    "picture '%s' is not in '%s'",
                    Excerpt.of(image.getKey()),
                    folder);
            check(
                    image.getRank() >= 1 && image.getRank() <= Limits.MAX_TOP,
                    "rank is %s: must be 1 to %s",
                    image.getRank(),
                    Limits.MAX_TOP);
            check(
                    image.getScore() == null || Float.isFinite(image.getScore()),
                    "score is %s",
                    image.getScore());
        }
        return event;
    }

    private static void checkJobId(String name, String jobId) {
        check(Ids.isJobId(jobId), "%s is '%s'", name, Excerpt.of(jobId));
    }

    private static void checkCount(String name, long count) {
        check(count >= 0, "%s is %s: must be at least 0", name, count);
    }

    private static void checkTime(String name, Instant time) {
        check(
                EventTimes.contain(time),
                "%s is %s: must be between %s and %s",
                name,
                time,
                EventTimes.FIRST,
                EventTimes.END);
    }

    private static void check(boolean holds, String message, Object... values) {
        if (!holds) {
            throw new IllegalArgumentException(message.formatted(values));
        }
    }
}
