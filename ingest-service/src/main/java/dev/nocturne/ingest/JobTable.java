package dev.nocturne.ingest;

import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Every job's state. Thread-safe: the log is read by one thread, asked about by others. */
final class JobTable {

    private final Map<String, JobState> jobs = new HashMap<>(); // guarded by this

    /** True if this event left the job with all its requests finished and no manifest yet. */
    synchronized boolean add(JobSubmitted event) {
        JobState job = state(event.getJobId());
        boolean finishedBefore = job.allFinished();
        job.add(event);
        return job.allFinished() && !finishedBefore;
    }

    /** As {@link #add(JobSubmitted)}. */
    synchronized boolean add(RequestFinished event) {
        JobState job = state(event.getRequest().getJobId());
        boolean finishedBefore = job.allFinished();
        job.add(event);
        return job.allFinished() && !finishedBefore;
    }

    private JobState state(String id) {
        return jobs.computeIfAbsent(id, JobState::new);
    }

    synchronized void manifestStored(String id) {
        jobs.get(id).manifestStored();
    }

    /** Of a job whose requests have all finished and whose manifest is not stored. */
    synchronized Manifest manifest(String id) {
        return jobs.get(id).manifest();
    }

    synchronized Optional<Job> job(String id, Instant now) {
        return submitted(id).map(job -> job.at(now));
    }

    /** Latest first. */
    synchronized List<Job> jobs(Instant now) {
        return jobs.values().stream()
                .filter(JobState::isSubmitted)
                .map(job -> job.at(now))
                .sorted(Comparator.comparing(Job::submittedAt).thenComparing(Job::id).reversed())
                .toList();
    }

    /** The results so far; empty if they are in the bucket, in the job's manifest. */
    synchronized Optional<List<RequestResult>> results(String id) {
        return submitted(id).filter(job -> !job.isManifestStored()).map(JobState::results);
    }

    private Optional<JobState> submitted(String id) {
        return Optional.ofNullable(jobs.get(id)).filter(JobState::isSubmitted);
    }
}
