package dev.nocturne.ingest;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** Every job's state. Thread-safe: the log is read by one thread, asked about by others. */
final class JobTable {

    private final Map<String, JobState> jobs = new HashMap<>(); // guarded by this
    private final Map<String, String> jobByIdempotencyKey = new HashMap<>(); // likewise

    synchronized void add(JobSubmitted event) {
        state(event.getJobId()).add(event);
    }

    synchronized void add(JobEvent event) {
        state(event.getJobId()).add(event);
        if (event.getChange() instanceof JobCreated created
                && created.getIdempotencyKey() != null) {
            jobByIdempotencyKey.putIfAbsent(created.getIdempotencyKey(), event.getJobId());
        }
    }

    synchronized void add(RequestFinished event, int partition, long offset) {
        state(event.getRequest().getJobId()).add(event, partition, offset);
    }

    private JobState state(String id) {
        return jobs.computeIfAbsent(id, JobState::new);
    }

    /** What {@code question} finds out about a job; empty if there is no such job. */
    synchronized <T> Optional<T> ask(String id, Function<JobState, T> question) {
        return Optional.ofNullable(jobs.get(id)).filter(JobState::isKnown).map(question);
    }

    /**
     * Latest first.
     *
     * @param after id of the job before the first one; null: from the latest on
     * @return empty if {@code after} is not known
     */
    synchronized Optional<List<Job>> jobs(Instant now, String after, int limit) {
        return page(JobState::isKnown, after, limit, job -> job.at(now));
    }

    /** As {@link #jobs}, of the jobs that were made from a file. */
    synchronized Optional<List<Batch>> batches(String after, int limit) {
        return page(job -> job.created() != null, after, limit, JobState::batch);
    }

    private <T> Optional<List<T>> page(
            Predicate<JobState> fits, String after, int limit, Function<JobState, T> view) {
        List<JobState> all =
                jobs.values().stream()
                        .filter(fits)
                        .sorted(
                                Comparator.comparing(JobState::submittedAt)
                                        .thenComparing(JobState::id)
                                        .reversed())
                        .toList();
        int start = 0;
        if (after != null) {
            List<String> ids = all.stream().map(JobState::id).toList();
            start = ids.indexOf(after) + 1;
            if (start == 0) {
                return Optional.empty();
            }
        }
        return Optional.of(all.stream().skip(start).limit(limit).map(view).toList());
    }

    synchronized Optional<String> jobWithKey(String idempotencyKey) {
        return Optional.ofNullable(jobByIdempotencyKey.get(idempotencyKey));
    }

    /** Ids of the jobs that are not done yet and fit. */
    synchronized List<String> open(Predicate<JobState> fits) {
        List<String> ids = new ArrayList<>();
        for (JobState job : jobs.values()) {
            if (job.isKnown() && !job.isTerminal() && fits.test(job)) {
                ids.add(job.id());
            }
        }
        return ids;
    }
}
