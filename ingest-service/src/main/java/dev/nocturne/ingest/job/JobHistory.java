package dev.nocturne.ingest.job;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobDeleted;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobRejected;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobStopped;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.StopReason;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.kafka.common.TopicPartition;

/**
 * What has happened to one job, beside its results: each thing happens once, and nothing after the
 * end but the deletion. Not thread-safe.
 */
final class JobHistory {

    private JobCreated created; // null for a job that came through Kafka
    private Instant createdAt;
    private Schedule schedule = Schedule.AT_ONCE;
    private JobSubmitted submitted; // null until it is started
    private JobReleased released; // null: all captions were published at once
    private JobReleased held; // the first of them: all that there is to release
    private JobRejected rejected;
    private Instant rejectedAt;
    private StopReason stopped;
    private Instant stoppedAt;
    private JobClosed closed;
    private Instant closedAt;
    private Instant deletedAt; // null unless it is deleted
    private boolean isPurged;

    /** Where its records begin, by topic and partition. */
    private final Map<TopicPartition, Long> first = new HashMap<>(2);

    /**
     * @return whether it is new
     */
    boolean add(JobSubmitted event) {
        boolean isNew = submitted == null;
        submitted = isNew ? event : submitted;
        return isNew;
    }

    /**
     * @return false if it came too late, or again
     */
    boolean add(JobEvent event) {
        Object change = event.getChange();
        if (change instanceof JobCreated creation) {
            return create(creation, event.getAt());
        }
        if (change instanceof JobDeleted deletion) {
            deletedAt = deletedAt == null ? event.getAt() : deletedAt;
            isPurged |= deletion.getPurged();
            return true;
        }
        if (isTerminal()) {
            return false;
        }
        if (change instanceof JobRejected rejection) {
            rejected = rejection;
            rejectedAt = event.getAt();
        } else if (change instanceof JobStopped stop) {
            return stop(stop, event.getAt());
        } else if (change instanceof JobReleased release) {
            return release(release);
        } else if (change instanceof JobClosed closing) {
            closed = closing;
            closedAt = event.getAt();
        }
        return true;
    }

    private boolean create(JobCreated creation, Instant at) {
        if (created != null) {
            return false;
        }
        schedule = Schedule.of(creation);
        created = creation;
        createdAt = at;
        return true;
    }

    private boolean stop(JobStopped stop, Instant at) {
        if (stopped != null) {
            return false;
        }
        stopped = stop.getReason();
        stoppedAt = at;
        return true;
    }

    private boolean release(JobReleased release) {
        held = held == null || release.getHeld() > held.getHeld() ? release : held;
        if (released != null && release.getLine() <= released.getLine()) {
            return false;
        }
        released = release;
        return true;
    }

    /** As a summary tells it. */
    void restoreDeleted(Instant at) {
        deletedAt = at;
        isPurged = true;
    }

    /** A record of the job stands there. */
    void stands(Place place) {
        first.merge(place.partition(), place.offset(), Math::min);
    }

    /** Tells of each partition with records of the job where the first one stands. */
    void first(BiConsumer<TopicPartition, Long> places) {
        first.forEach(places);
    }

    JobCreated created() {
        return created;
    }

    Instant createdAt() {
        return createdAt;
    }

    Schedule schedule() {
        return schedule;
    }

    JobSubmitted submitted() {
        return submitted;
    }

    JobReleased released() {
        return released;
    }

    /** What there was to release at first; null if it is not dispatched. */
    JobReleased held() {
        return held;
    }

    /** Of a request that is released; 0 if it is not dispatched. */
    int averageCandidates() {
        return held == null || held.getHeld() == 0
                ? 0
                : (int) Math.round(1.0 * held.getHeldCandidates() / held.getHeld());
    }

    JobRejected rejected() {
        return rejected;
    }

    Instant rejectedAt() {
        return rejectedAt;
    }

    StopReason stopped() {
        return stopped;
    }

    Instant stoppedAt() {
        return stoppedAt;
    }

    JobClosed closed() {
        return closed;
    }

    Instant closedAt() {
        return closedAt;
    }

    Instant deletedAt() {
        return deletedAt;
    }

    boolean isPurged() {
        return isPurged;
    }

    /**
     * @param allFinished whether every request has a result
     */
    Job.Status status(boolean allFinished) {
        boolean isCancelled = stopped == StopReason.CANCELLED;
        if (rejected != null) {
            return Job.Status.FAILED;
        }
        if (closed != null && stopped == null) {
            return Job.Status.COMPLETED;
        }
        if (closed != null) {
            return isCancelled ? Job.Status.CANCELLED : Job.Status.EXPIRED;
        }
        if (stopped != null) {
            return isCancelled ? Job.Status.CANCELLING : Job.Status.FINALIZING;
        }
        if (submitted == null) {
            return Job.Status.VALIDATING;
        }
        return allFinished ? Job.Status.FINALIZING : Job.Status.IN_PROGRESS;
    }

    boolean isTerminal() {
        return rejected != null || closed != null;
    }
}
