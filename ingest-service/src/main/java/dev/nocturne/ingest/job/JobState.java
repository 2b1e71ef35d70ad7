package dev.nocturne.ingest.job;

import dev.nocturne.events.FileProblem;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobDeleted;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobRejected;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobStopped;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StopReason;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.caption.CaptionJson;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
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
    private JobCreated created; // null for a job that came through Kafka
    private Instant createdAt;
    private JobSubmitted submitted; // null until it is started
    private JobRejected rejected;
    private Instant rejectedAt;
    private StopReason stopped;
    private Instant stoppedAt;
    private JobClosed closed;
    private Instant closedAt;
    private final Set<Long> finished = new HashSet<>(); // request ids as numbers
    private final Map<RequestStatus, Integer> counts = new EnumMap<>(RequestStatus.class);
    private final Map<Integer, Long> firstOffsets = new HashMap<>(); // of its results, by partition
    private ResultIndex results = new ResultIndex();
    private final JobCover cover = new JobCover();
    private final RecentRate rate = new RecentRate();
    private Instant finishedAt = Instant.MIN; // of the latest result
    private Set<Long> foreign = Set.of(); // ids with results that are no requests of it
    private String problem; // null if all is well
    private Instant changedAt = Instant.MIN; // here, not in the log

    // of a job whose captions are released bit by bit
    private Schedule schedule = Schedule.AT_ONCE;
    private JobReleased released; // null: all captions were published at once
    private final Map<Long, Out> out = new HashMap<>(); // released, not finished, by request id
    private long outCandidates;

    private Instant deletedAt; // null unless it is deleted
    private boolean isPurged;

    /**
     * A request that is on its way.
     *
     * @param since null if an earlier process released it, or it is not drawn
     */
    public record Out(int candidates, Instant since) {}

    JobState(String id) {
        this.id = id;
    }

    public void add(JobSubmitted event) {
        if (submitted == null) {
            submitted = event;
            cover.submitted(event.getCaption());
        }
    }

    public void add(JobEvent event) {
        Object change = event.getChange();
        if (change instanceof JobCreated creation) {
            if (created == null) {
                schedule = Schedule.of(creation);
                created = creation;
                createdAt = event.getAt();
            }
        } else if (change instanceof JobDeleted deletion) {
            deletedAt = deletedAt == null ? event.getAt() : deletedAt;
            isPurged |= deletion.getPurged();
            results = new ResultIndex();
        } else if (isTerminal()) {
            return; // came too late
        } else if (change instanceof JobRejected rejection) {
            rejected = rejection;
            rejectedAt = event.getAt();
            forgetRequests();
        } else if (change instanceof JobStopped stop) {
            if (stopped == null) {
                stopped = stop.getReason();
                stoppedAt = event.getAt();
            }
        } else if (change instanceof JobReleased release) {
            if (released == null || release.getLine() > released.getLine()) {
                released = release;
            }
        } else if (change instanceof JobClosed closing) {
            close(closing, event.getAt());
        }
    }

    private void close(JobClosed closing, Instant at) {
        closed = closing;
        closedAt = at;
        counts.put(RequestStatus.COMPLETED, closing.getCompleted());
        counts.put(RequestStatus.FAILED, closing.getFailed());
        counts.put(RequestStatus.CANCELLED, closing.getCancelled());
        counts.put(RequestStatus.EXPIRED, closing.getExpired());
        finishedAt = closing.getFinishedAt();
        forgetRequests();
    }

    /** The counts stay; nothing is added to them any more. */
    private void forgetRequests() {
        finished.clear();
        out.clear();
        outCandidates = 0;
        problem = null;
    }

    /**
     * Counts anew, by what the log has of the job's own requests: what else was counted is not its
     * own, or no longer there.
     *
     * @param results by request ids as numbers
     * @param foreign ids whose results never count
     */
    void recount(Map<Long, RequestStatus> results, Set<Long> foreign) {
        if (isTerminal()) {
            return;
        }
        this.foreign = foreign;
        finished.clear();
        counts.clear();
        results.forEach(
                (request, status) -> {
                    finished.add(request);
                    counts.merge(status, 1, Integer::sum);
                });
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
        return rejected == null ? problem : rejected.getProblems().get(0).getMessage();
    }

    /** These requests are on their way, or were before their results came. */
    void addOut(Map<Long, Out> requests) {
        requests.forEach(
                (request, one) -> {
                    if (!isTerminal()
                            && !finished.contains(request)
                            && out.putIfAbsent(request, one) == null) {
                        outCandidates += one.candidates();
                    }
                });
    }

    /**
     * The result stands at this offset of the log.
     *
     * @return the request that was on its way and is now finished; null if it was not
     */
    Out add(RequestFinished event, int partition, long offset) {
        if (deletedAt != null) {
            return null;
        }
        // the smallest offset, also when a replay comes by again
        firstOffsets.merge(partition, offset, Math::min);
        results.add(event, partition, offset);
        cover.finished(event);
        long request = RequestNumber.of(event.getRequest().getRequestId());
        if (isTerminal() || allFinished() || foreign.contains(request)) {
            return null;
        }
        if (finished.add(request)) {
            counts.merge(event.getStatus(), 1, Integer::sum);
            rate.finished(event.getFinishedAt());
            if (event.getFinishedAt().isAfter(finishedAt)) {
                finishedAt = event.getFinishedAt();
            }
        }
        Out gone = out.remove(request);
        outCandidates -= gone == null ? 0 : gone.candidates();
        return gone;
    }

    public String id() {
        return id;
    }

    /** False for a job of which only results are known yet. */
    boolean isKnown() {
        return created != null || submitted != null;
    }

    public boolean isStarted() {
        return submitted != null;
    }

    /** Whether its file has not been read yet. */
    boolean isToBeStarted() {
        return created != null && submitted == null && rejected == null && stopped == null;
    }

    /** Null unless it is deleted: then it is known for nothing else. */
    Instant deletedAt() {
        return deletedAt;
    }

    /**
     * A deleted job of which something may still be in the bucket.
     *
     * @param ownInputFileId null if the file is not the job's alone: a batch's is its uploader's
     */
    public record Deleted(String id, String ownInputFileId) {}

    /** Null if it is not deleted, or all of it has left the bucket. */
    Deleted deleted() {
        boolean ownsInput = created != null && id.startsWith("job-");
        return deletedAt == null || isPurged
                ? null
                : new Deleted(id, ownsInput ? created.getInputFileId() : null);
    }

    /** Whether the job was made from this file. */
    public boolean reads(String fileId) {
        return created != null && created.getInputFileId().equals(fileId);
    }

    /** Whether its pictures are made of what another job has drawn. */
    public boolean replays(String jobId) {
        return created != null
                && created.getReplay() != null
                && created.getReplay().getJobId().equals(jobId);
    }

    /** Null for a job that came through Kafka. */
    public JobCreated created() {
        return created;
    }

    /** Null while it goes on. */
    public StopReason stopped() {
        return stopped;
    }

    public Schedule schedule() {
        return schedule;
    }

    /** Whether captions of it were, or are to be, released bit by bit. */
    public boolean isDispatched() {
        return released != null && isStarted() && stopped == null && !isTerminal();
    }

    /** False if its candidates were drawn by another job. */
    boolean isDrawn() {
        return created == null || created.getReplay() == null;
    }

    /** How far it is released; null if it is not dispatched. */
    public JobReleased released() {
        return released;
    }

    /** When it started; null before. */
    public Instant startedAt() {
        return submitted == null ? null : submitted.getSubmittedAt();
    }

    /** A copy: request ids as numbers. */
    public Set<Long> finished() {
        return Set.copyOf(finished);
    }

    /** Whether a result of this request has been counted; ids as numbers. */
    public boolean isFinished(long request) {
        return finished.contains(request);
    }

    /** Requests with a result. */
    int finishedCount() {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** In candidates. */
    public long out() {
        return isDispatched() ? outCandidates : 0;
    }

    /** Candidates that are not drawn yet; of a job that came through Kafka, its requests. */
    long waitingCandidates() {
        if (!isStarted() || isTerminal() || stopped != null || allFinished() || !isDrawn()) {
            return 0;
        }
        return isDispatched() ? outCandidates + released.getHeldCandidates() : open();
    }

    /** What is left of it, for an estimate; what is out already waits for no window. */
    FinishEstimate.Work work() {
        boolean held = released.getHeld() > 0;
        return new FinishEstimate.Work(
                id,
                outCandidates + released.getHeldCandidates(),
                held ? schedule : Schedule.AT_ONCE);
    }

    /** Null if it runs, or does not want to. */
    private String waitingFor(Instant now) {
        if (!isDispatched() || released.getHeld() == 0) {
            return null;
        }
        String waiting = schedule.waitingFor(now);
        return waiting == null && out.isEmpty() ? "its turn" : waiting;
    }

    private boolean deadlineAtRisk(Instant now, FinishEstimate estimate) {
        Instant deadline = schedule.deadline();
        if (deadline == null || rejected != null) {
            return false;
        }
        if (isTerminal() || allFinished()) {
            return closing().getFinishedAt().isAfter(deadline);
        }
        return now.isAfter(deadline) || estimate != null && estimate.latest().isAfter(deadline);
    }

    public boolean isTerminal() {
        return rejected != null || closed != null;
    }

    public boolean isFinished(String requestId) {
        return finished.contains(RequestNumber.of(requestId));
    }

    public boolean allFinished() {
        return isStarted() && finishedCount() >= submitted.getTotal();
    }

    public Instant submittedAt() {
        return createdAt != null ? createdAt : submitted.getSubmittedAt();
    }

    /** Where the results of the job begin in each partition; empty if there are none. */
    public Map<Integer, Long> firstOffsets() {
        return Map.copyOf(firstOffsets);
    }

    /** Where its results stand; a copy. */
    public ResultIndex results() {
        return results.copy();
    }

    public JobClosed closing() {
        return JobClosed.newBuilder()
                .setCompleted(count(RequestStatus.COMPLETED))
                .setFailed(count(RequestStatus.FAILED))
                .setCancelled(count(RequestStatus.CANCELLED))
                .setExpired(count(RequestStatus.EXPIRED))
                .setFinishedAt(finishedCount() == 0 ? submittedAt() : finishedAt)
                .build();
    }

    /** 0 before the start, although results of bad lines may be read before it is. */
    private int count(RequestStatus status) {
        if (submitted == null) {
            return 0;
        }
        // what is unfinished of a job that has failed as a whole has failed with it
        int withIt = rejected != null && status == RequestStatus.FAILED ? unfinished() : 0;
        return withIt + counts.getOrDefault(status, 0);
    }

    /** Its requests; 0 before the start. */
    public int total() {
        return submitted == null ? 0 : submitted.getTotal();
    }

    private int open() {
        return rejected == null ? unfinished() : 0;
    }

    /** Requests without a result, released or not. */
    public int unfinished() {
        return Math.max(0, total() - finishedCount());
    }

    private Job.Status status() {
        if (rejected != null) {
            return Job.Status.FAILED;
        }
        if (closed != null) {
            return stopped == null
                    ? Job.Status.COMPLETED
                    : stopped == StopReason.CANCELLED ? Job.Status.CANCELLED : Job.Status.EXPIRED;
        }
        if (stopped != null) {
            return stopped == StopReason.CANCELLED ? Job.Status.CANCELLING : Job.Status.FINALIZING;
        }
        if (submitted == null) {
            return Job.Status.VALIDATING;
        }
        return allFinished() ? Job.Status.FINALIZING : Job.Status.IN_PROGRESS;
    }

    /**
     * @param estimate null if there is none
     */
    Job at(Instant now, FinishEstimate estimate) {
        FinishEstimate current = current(estimate);
        boolean done = isTerminal() || allFinished();
        double perSecond = done ? overallRate() : rate.perSecond(submittedAt(), now);
        return new Job(
                id,
                status(),
                jobCounts(),
                submittedAt(),
                done && rejected == null ? closing().getFinishedAt() : null,
                perSecond,
                eta(done, perSecond, now, current),
                current,
                schedule.deadline(),
                deadlineAtRisk(now, current),
                created == null ? null : created.getWindow(),
                schedule.startAfter(),
                waitingFor(now),
                created == null ? null : created.getInputFileId(),
                problem(),
                cover.caption(),
                cover.pictures());
    }

    private Job.Counts jobCounts() {
        return new Job.Counts(
                total(),
                count(RequestStatus.COMPLETED),
                count(RequestStatus.FAILED),
                count(RequestStatus.CANCELLED),
                count(RequestStatus.EXPIRED),
                open());
    }

    boolean fits(JobFilter filter) {
        return filter.matches(id, cover.caption(), status(), jobCounts());
    }

    private double overallRate() {
        return finishedCount() == 0
                ? 0
                : finishedCount() / RecentRate.seconds(submittedAt(), finishedAt);
    }

    /** What was estimated before it was stopped or finished means nothing any more. */
    private FinishEstimate current(FinishEstimate estimate) {
        return isDispatched() && !allFinished() ? estimate : null;
    }

    /** The longer end of the estimate; without one, as fast as it went lately. */
    private Double eta(boolean done, double perSecond, Instant now, FinishEstimate estimate) {
        if (done) {
            return 0.0;
        }
        if (estimate != null) {
            return Math.max(0, Duration.between(now, estimate.latest()).toMillis() / 1_000.0);
        }
        return perSecond > 0 ? open() / perSecond : null;
    }

    /**
     * Of a job that was made from a file.
     *
     * @param estimate null if there is none
     */
    public Batch batch(Instant now, FinishEstimate estimate) {
        FinishEstimate current = current(estimate);
        Job.Status status = status();
        boolean hasFiles = closed != null && submitted != null;
        Long closedSeconds = closed == null ? null : (Long) closedAt.getEpochSecond();
        return new Batch(
                id,
                "batch",
                CaptionJson.ENDPOINT,
                rejected == null ? null : new Batch.Errors("list", problems(rejected)),
                created.getInputFileId(),
                created.getCompletionWindow(),
                status,
                hasFiles && count(RequestStatus.COMPLETED) > 0 ? JobKeys.outputFileId(id) : null,
                hasFiles && total() > count(RequestStatus.COMPLETED)
                        ? JobKeys.errorFileId(id)
                        : null,
                createdAt.getEpochSecond(),
                submitted == null ? null : (Long) submitted.getSubmittedAt().getEpochSecond(),
                created.getExpiresAt().getEpochSecond(),
                allFinished() ? (Long) closing().getFinishedAt().getEpochSecond() : null,
                status == Job.Status.COMPLETED ? closedSeconds : null,
                rejected == null ? null : (Long) rejectedAt.getEpochSecond(),
                status == Job.Status.EXPIRED ? closedSeconds : null,
                stopped == StopReason.CANCELLED ? (Long) stoppedAt.getEpochSecond() : null,
                status == Job.Status.CANCELLED ? closedSeconds : null,
                new Batch.Counts(
                        total(),
                        count(RequestStatus.COMPLETED),
                        count(RequestStatus.FAILED),
                        count(RequestStatus.CANCELLED),
                        count(RequestStatus.EXPIRED),
                        open()),
                created.getMetadata(),
                current,
                schedule.deadline(),
                deadlineAtRisk(now, current),
                created.getWindow(),
                schedule.startAfter(),
                waitingFor(now),
                problem());
    }

    private static List<Problem> problems(JobRejected rejection) {
        return rejection.getProblems().stream()
                .map(
                        (FileProblem problem) ->
                                new Problem(
                                        problem.getLine(),
                                        problem.getParam(),
                                        problem.getCode(),
                                        problem.getMessage()))
                .toList();
    }
}
