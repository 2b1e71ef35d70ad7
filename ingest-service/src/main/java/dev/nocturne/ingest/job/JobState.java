package dev.nocturne.ingest.job;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StopReason;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.schemas.EventCodec;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/**
 * What the events of one job add up to. Every request counts once, by its first result; events of
 * different topics may come in any order, and each more than once. Not thread-safe.
 *
 * <p>Of a result only its request's id is kept until the job is closed, and where it stands: what
 * it says is read again, from the log, when the job's files are written or somebody asks.
 */
public final class JobState {

    private final String id;
    private final JobHistory history = new JobHistory();
    private final JobRequests requests = new JobRequests();
    private JobCover cover = new JobCover();
    private String problem; // null if all is well
    private Instant changedAt = Instant.MIN; // here, not in the log

    JobState(String id) {
        this.id = id;
    }

    public void add(JobSubmitted event) {
        if (history.add(event)) {
            cover.submitted(event.getCaption());
        }
    }

    public void add(JobEvent event) {
        if (!history.add(event)) {
            return;
        }
        if (event.getChange() instanceof JobClosed closing) {
            requests.end(
                    Map.of(
                            RequestStatus.COMPLETED,
                            closing.getCompleted(),
                            RequestStatus.FAILED,
                            closing.getFailed(),
                            RequestStatus.CANCELLED,
                            closing.getCancelled(),
                            RequestStatus.EXPIRED,
                            closing.getExpired()),
                    closing.getFinishedAt());
        }
        if (isTerminal()) {
            requests.forget();
            problem = null;
        }
        if (deletedAt() != null) {
            requests.forgetResults();
        }
    }

    /**
     * Counts anew, by what the log has of the job's own requests: what else was counted is not its
     * own, or no longer there.
     *
     * @param results by request ids as numbers
     * @param foreign ids whose results never count
     */
    void recount(Map<Long, RequestStatus> results, Set<Long> foreign) {
        if (!isTerminal()) {
            requests.recount(results, foreign);
        }
    }

    /** Something has happened to it. */
    void changed(Instant now) {
        changedAt = now;
    }

    /** When something happened to it last, since this process has been there. */
    public Instant changedAt() {
        return changedAt;
    }

    /**
     * @param problem why it does not go on; null: it does
     */
    void setProblem(String problem) {
        this.problem = problem;
    }

    /** Null if all is well. */
    String problem() {
        return history.rejected() == null
                ? problem
                : history.rejected().getProblems().get(0).getMessage();
    }

    /** These requests are in flight, or were before their results came. */
    void addInFlight(Map<Long, RequestInFlight> released) {
        if (!isTerminal()) {
            released.forEach(requests::addInFlight);
        }
    }

    /**
     * The result stands at this offset of the log.
     *
     * @return the request that is now finished; null if it does not count, or did before
     */
    RequestInFlight add(RequestFinished event, int partition, long offset) {
        if (deletedAt() != null) {
            return null;
        }
        requests.found(event, partition, offset);
        cover.finished(event);
        boolean counts = !isTerminal() && !allFinished() && !requests.isForeign(event);
        return counts ? requests.count(event, history.averageCandidates()) : null;
    }

    public String id() {
        return id;
    }

    /** False for a job of which only results are known yet. */
    boolean isKnown() {
        return created() != null || isStarted();
    }

    /** Whether it has been made, and not deleted. */
    boolean isThere() {
        return isKnown() && deletedAt() == null;
    }

    public boolean isStarted() {
        return history.submitted() != null;
    }

    /** Whether its file has not been read yet. */
    boolean isToBeStarted() {
        return created() != null && !isStarted() && !isTerminal() && stopped() == null;
    }

    /** Null unless it is deleted: then it is known for nothing else. */
    Instant deletedAt() {
        return history.deletedAt();
    }

    /**
     * A deleted job of which something may still be in the bucket.
     *
     * @param ownInputFileId null if the file is not the job's alone: a batch's is its uploader's
     */
    public record Deleted(String id, String ownInputFileId) {}

    /** Null if it is not deleted, or all of it has left the bucket. */
    Deleted deleted() {
        boolean ownsInput = created() != null && id.startsWith("job-");
        return deletedAt() == null || history.isPurged()
                ? null
                : new Deleted(id, ownsInput ? created().getInputFileId() : null);
    }

    /** Whether the job was made from this file. */
    public boolean reads(String fileId) {
        return created() != null && created().getInputFileId().equals(fileId);
    }

    /** Whether its pictures are made of what another job has drawn. */
    public boolean reranks(String jobId) {
        return !isDrawn() && created().getReplay().getJobId().equals(jobId);
    }

    /** Null for a job that came through Kafka. */
    public JobCreated created() {
        return history.created();
    }

    /** Null while it goes on. */
    public StopReason stopped() {
        return history.stopped();
    }

    public Schedule schedule() {
        return history.schedule();
    }

    /** Whether captions of it were, or are to be, released bit by bit. */
    public boolean isDispatched() {
        return released() != null && isStarted() && stopped() == null && !isTerminal();
    }

    /** Whether it came as one caption, and not in a file: it has no files of its own. */
    public boolean isSingleCaption() {
        return created() == null && total() == 1;
    }

    /** False if its candidates were drawn by another job. */
    boolean isDrawn() {
        return created() == null || created().getReplay() == null;
    }

    /** How far it is released; null if it is not dispatched. */
    public JobReleased released() {
        return history.released();
    }

    /** When it started; null before. */
    public Instant startedAt() {
        return isStarted() ? history.submitted().getSubmittedAt() : null;
    }

    /** A copy: request ids as numbers. */
    public Set<Long> finished() {
        return requests.finished();
    }

    /** Whether a result of this request has been counted; ids as numbers. */
    public boolean isFinished(long request) {
        return requests.isFinished(request);
    }

    /** Requests with a result. */
    int finishedCount() {
        return requests.finishedCount();
    }

    /** As far as this process knows: all, if it releases them. */
    public long candidatesInFlight() {
        return isDispatched() ? requests.candidatesInFlight() : 0;
    }

    /** Candidates that are not drawn yet; of a job that came through Kafka, its requests. */
    long waitingCandidates() {
        if (!isStarted() || isTerminal() || stopped() != null || allFinished() || !isDrawn()) {
            return 0;
        }
        return isDispatched()
                ? candidatesInFlightByTheLog() + released().getHeldCandidates()
                : open();
    }

    /** Whether something of it is in flight that has to be drawn. */
    boolean isBeingDrawn() {
        return isDrawn() && isDispatched() && requestsInFlight() > 0;
    }

    /** As the log knows it. */
    int requestsInFlight() {
        return unfinished() - released().getHeld();
    }

    private long candidatesInFlightByTheLog() {
        return requests.candidatesInFlight(requestsInFlight(), history.held(), released());
    }

    /** What is left of it, for an estimate; what is in flight waits for no window. */
    FinishEstimate.Work work() {
        boolean held = released().getHeld() > 0;
        return new FinishEstimate.Work(
                id,
                candidatesInFlightByTheLog() + released().getHeldCandidates(),
                held ? schedule() : Schedule.AT_ONCE);
    }

    public boolean isTerminal() {
        return history.isTerminal();
    }

    public boolean isFinished(String requestId) {
        return requests.isFinished(RequestNumber.of(requestId));
    }

    public boolean allFinished() {
        return isStarted() && finishedCount() >= total();
    }

    public Instant submittedAt() {
        return history.createdAt() != null ? history.createdAt() : startedAt();
    }

    /** Where the results of the job begin in each partition; empty if there are none. */
    public Map<Integer, Long> firstOffsets() {
        return requests.firstOffsets();
    }

    /** Where its results stand; a copy. */
    public ResultIndex results() {
        return requests.results();
    }

    public JobClosed closing() {
        return JobClosed.newBuilder()
                .setCompleted(count(RequestStatus.COMPLETED))
                .setFailed(count(RequestStatus.FAILED))
                .setCancelled(count(RequestStatus.CANCELLED))
                .setExpired(count(RequestStatus.EXPIRED))
                .setFinishedAt(finishedCount() == 0 ? submittedAt() : requests.finishedAt())
                .build();
    }

    /** 0 before the start, although results of bad lines may be read before it is. */
    int count(RequestStatus status) {
        if (!isStarted()) {
            return 0;
        }
        // what is unfinished of a job that has failed as a whole has failed with it
        int withIt =
                history.rejected() != null && status == RequestStatus.FAILED ? unfinished() : 0;
        return withIt + requests.count(status);
    }

    /** Its requests; 0 before the start. */
    public int total() {
        return isStarted() ? history.submitted().getTotal() : 0;
    }

    int open() {
        return history.rejected() == null ? unfinished() : 0;
    }

    /** Requests without a result, released or not. */
    public int unfinished() {
        return Math.max(0, total() - finishedCount());
    }

    Job.Status status() {
        return history.status(allFinished());
    }

    /**
     * @param estimate null if there is none
     */
    Job at(Instant now, FinishEstimate estimate) {
        return new JobSnapshot(this, now, estimate).job();
    }

    boolean fits(JobFilter filter) {
        return filter.matches(id, cover.caption(), status(), JobSnapshot.counts(this));
    }

    /**
     * Of a job that was made from a file.
     *
     * @param estimate null if there is none
     */
    public Batch batch(Instant now, FinishEstimate estimate) {
        return new JobSnapshot(this, now, estimate).batch();
    }

    JobHistory history() {
        return history;
    }

    JobCover cover() {
        return cover;
    }

    JobRequests requests() {
        return requests;
    }

    // ---- when it is over

    /** When it ended, in whatever way; null while it goes on. */
    Instant endedAt() {
        return history.closedAt() == null ? history.rejectedAt() : history.closedAt();
    }

    /** Whether nothing comes after it but what {@link JobSummaries} says. */
    boolean isOver() {
        return deletedAt() == null ? isKnown() && isTerminal() : history.isPurged();
    }

    /** The result of a job of one request without a file; null if it has none, or is another. */
    public RequestFinished single() {
        return isSingleCaption() ? requests.only() : null;
    }

    /** The job is as it was when it was summed up; nothing is to be added but its deletion. */
    void restore(JobSummary summary, Map<RequestStatus, Integer> counts) {
        requests.restore(
                counts,
                summary.getFinishedAt() == null ? Instant.MIN : summary.getFinishedAt(),
                summary.getResult() == null ? null : EventCodec.bytes(summary.getResult()));
        cover = new JobCover(summary.getCaption(), summary.getPictures());
        if (summary.getDeletedAt() != null) {
            history.restoreDeleted(summary.getDeletedAt());
        }
    }
}
