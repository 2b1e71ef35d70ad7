package dev.nocturne.ingest.job;

import dev.nocturne.events.FileProblem;
import dev.nocturne.events.JobRejected;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StopReason;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.caption.CaptionJson;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** How a job is shown at one moment. */
final class JobSnapshot {

    private final JobState job;
    private final Instant now;
    private final FinishEstimate estimate; // null if there is none

    /**
     * @param estimate null if there is none; what was estimated before the job was stopped or
     *     finished means nothing any more
     */
    JobSnapshot(JobState job, Instant now, FinishEstimate estimate) {
        this.job = job;
        this.now = now;
        this.estimate = job.isDispatched() && !job.allFinished() ? estimate : null;
    }

    Job job() {
        boolean done = job.isTerminal() || job.allFinished();
        double perSecond = done ? overallRate() : job.requests().perSecond(job.submittedAt(), now);
        return new Job(
                job.id(),
                job.status(),
                counts(job),
                job.submittedAt(),
                done && job.history().rejected() == null ? job.closing().getFinishedAt() : null,
                perSecond,
                eta(done, perSecond),
                estimate,
                job.schedule().deadline(),
                deadlineAtRisk(),
                job.created() == null ? null : job.created().getWindow(),
                job.schedule().startAfter(),
                waitingFor(),
                job.created() == null ? null : job.created().getInputFileId(),
                job.problem(),
                job.cover().caption(),
                job.cover().pictures());
    }

    static Job.Counts counts(JobState job) {
        return new Job.Counts(
                job.total(),
                job.count(RequestStatus.COMPLETED),
                job.count(RequestStatus.FAILED),
                job.count(RequestStatus.CANCELLED),
                job.count(RequestStatus.EXPIRED),
                job.open());
    }

    private double overallRate() {
        int finished = job.requests().finishedCount();
        return finished == 0
                ? 0
                : finished / RecentRate.seconds(job.submittedAt(), job.requests().finishedAt());
    }

    /** The longer end of the estimate; without one, as fast as it went lately. */
    private Double eta(boolean done, double perSecond) {
        if (done) {
            return 0.0;
        }
        if (estimate != null) {
            return Math.max(0, Duration.between(now, estimate.latest()).toMillis() / 1_000.0);
        }
        return perSecond > 0 ? job.open() / perSecond : null;
    }

    /** Null if it runs, or does not want to. */
    private String waitingFor() {
        if (!job.isDispatched() || job.released().getHeld() == 0) {
            return null;
        }
        String waiting = job.schedule().waitingFor(now);
        return waiting == null && job.requestsInFlight() <= 0 ? "its turn" : waiting;
    }

    private boolean deadlineAtRisk() {
        Instant deadline = job.schedule().deadline();
        if (deadline == null || job.history().rejected() != null) {
            return false;
        }
        if (job.isTerminal() || job.allFinished()) {
            return job.closing().getFinishedAt().isAfter(deadline);
        }
        return now.isAfter(deadline) || estimate != null && estimate.latest().isAfter(deadline);
    }

    /** Of a job that was made from a file. */
    Batch batch() {
        Job.Status status = job.status();
        Job.Counts counts = counts(job);
        boolean hasFiles = job.history().closedAt() != null && job.isStarted();
        Long closed = seconds(job.history().closedAt());
        return new Batch(
                job.id(),
                "batch",
                CaptionJson.ENDPOINT,
                job.history().rejected() == null
                        ? null
                        : new Batch.Errors("list", problems(job.history().rejected())),
                job.created().getInputFileId(),
                job.created().getCompletionWindow(),
                status,
                hasFiles && counts.completed() > 0 ? JobKeys.outputFileId(job.id()) : null,
                hasFiles && counts.total() > counts.completed()
                        ? JobKeys.errorFileId(job.id())
                        : null,
                seconds(job.history().createdAt()),
                seconds(job.startedAt()),
                seconds(job.created().getExpiresAt()),
                job.allFinished() ? seconds(job.closing().getFinishedAt()) : null,
                status == Job.Status.COMPLETED ? closed : null,
                seconds(job.history().rejectedAt()),
                status == Job.Status.EXPIRED ? closed : null,
                job.stopped() == StopReason.CANCELLED ? seconds(job.history().stoppedAt()) : null,
                status == Job.Status.CANCELLED ? closed : null,
                new Batch.Counts(
                        counts.total(),
                        counts.completed(),
                        counts.failed(),
                        counts.cancelled(),
                        counts.expired(),
                        counts.inProgress()),
                job.created().getMetadata(),
                estimate,
                job.schedule().deadline(),
                deadlineAtRisk(),
                job.created().getWindow(),
                job.schedule().startAfter(),
                waitingFor(),
                job.problem());
    }

    private static Long seconds(Instant at) {
        return at == null ? null : (Long) at.getEpochSecond();
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
