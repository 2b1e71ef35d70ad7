package dev.nocturne.ingest.job;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.Problem;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * How many candidates wait to be drawn, and the most that may. What is accepted is counted from
 * that moment on: also a picture of which the log knows nothing yet, and a job that is not started.
 * Thread-safe.
 */
public final class Backlog {

    private final JobTable jobs;
    private final long maxCandidates;

    /** Candidates of single pictures, by job, until they are finished; guarded by this. */
    private final Map<String, Long> pictures = new HashMap<>();

    /** Candidates of jobs that are not started, as far as they are known; guarded by this. */
    private final Map<String, Long> unstarted = new HashMap<>();

    public Backlog(JobTable jobs, long maxCandidates) {
        this.jobs = jobs;
        this.maxCandidates = maxCandidates;
    }

    /**
     * Counts a single picture, or refuses it.
     *
     * @throws IngestException TOO_MANY
     */
    public synchronized void addPicture(String jobId, int candidates) {
        requireRoom(candidates);
        pictures.put(jobId, (long) candidates);
    }

    /** It was not published after all. */
    public synchronized void removePicture(String jobId) {
        pictures.remove(jobId);
    }

    /** Makes a job of what was let in. */
    public interface Creation<E extends Exception> {
        void run() throws E;
    }

    /**
     * Counts a job and creates it, or refuses it.
     *
     * @param candidates 1 if nobody has looked into its file
     * @throws IngestException TOO_MANY
     */
    public <E extends Exception> void admitJob(String jobId, long candidates, Creation<E> creation)
            throws E {
        synchronized (this) {
            requireRoom(candidates);
            unstarted.put(jobId, candidates);
        }
        boolean created = false;
        try {
            creation.run();
            created = true;
        } finally {
            if (!created) {
                remove(jobId);
            }
        }
    }

    /** It was not created after all, or counts from its start on. */
    synchronized void remove(String jobId) {
        unstarted.remove(jobId);
    }

    /**
     * A job that was accepted before anybody knew its size waits for its start until there is room.
     * From now on it counts by its size, so that nothing that comes later is let in before.
     *
     * @param candidates 0 if they are still not known
     * @throws IngestException TOO_MANY
     */
    public synchronized void requireRoomToStart(String jobId, long candidates) {
        long size = unstarted.merge(jobId, candidates, Math::max);
        long waiting = pictureCandidates() + jobs.waitingCandidates(pictures.keySet());
        if (waiting + size > maxCandidates) {
            throw tooMany(waiting, size);
        }
    }

    /** Null unless the job is larger than all that may wait. */
    public Problem problem(long candidates) {
        return candidates <= maxCandidates
                ? null
                : new Problem(
                        null,
                        "input_file_id",
                        "too_many_candidates",
                        "the file asks for %d candidates, and at most %d may wait (%s): split it"
                                .formatted(
                                        candidates,
                                        maxCandidates,
                                        IngestLimits.MAX_WAITING_VARIABLE));
    }

    private void requireRoom(long candidates) {
        unstarted.keySet().removeIf(id -> hasGone(id, job -> !job.isToBeStarted()));
        long waiting =
                pictureCandidates()
                        + jobs.waitingCandidates(pictures.keySet())
                        + unstarted.values().stream().mapToLong(Long::longValue).sum();
        if (waiting + candidates > maxCandidates) {
            throw tooMany(waiting, candidates);
        }
    }

    private long pictureCandidates() {
        pictures.keySet().removeIf(id -> hasGone(id, JobState::allFinished));
        return pictures.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Also of a job that is deleted; not of one that the log does not have yet. */
    private boolean hasGone(String jobId, Predicate<JobState> done) {
        return jobs.deletedAt(jobId).isPresent() || jobs.ask(jobId, done::test).orElse(false);
    }

    private IngestException tooMany(long waiting, long candidates) {
        return IngestException.tooMany(
                "%d candidates wait to be drawn, and this asks for %s%d; at most %d may (%s): send it again when some are drawn, or ask for less"
                        .formatted(
                                waiting,
                                candidates == 1 ? "at least " : "",
                                candidates,
                                maxCandidates,
                                IngestLimits.MAX_WAITING_VARIABLE));
    }
}
