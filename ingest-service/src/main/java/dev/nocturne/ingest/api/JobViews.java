package dev.nocturne.ingest.api;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobFilter;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import java.time.Clock;
import java.util.List;
import java.util.function.Function;

/** Jobs as they are now, or why there is none. Thread-safe. */
public final class JobViews {

    private final JobTable jobs;
    private final Clock clock;

    public JobViews(JobTable jobs, Clock clock) {
        this.jobs = jobs;
        this.clock = clock;
    }

    /**
     * @throws IngestException UNKNOWN
     */
    Job job(String id) {
        return jobs.job(id, clock.instant())
                .orElseThrow(() -> absent(id, IngestException.unknownJob(id)));
    }

    /**
     * @throws IngestException UNKNOWN, also for a job that was not made from a file
     */
    Batch batch(String id) {
        return jobs.batch(id, clock.instant())
                .orElseThrow(() -> absent(id, IngestException.unknownBatch(id)));
    }

    /**
     * Latest first.
     *
     * @param after id of the job before the first one; null: from the latest on
     * @throws IngestException UNKNOWN
     */
    List<Job> jobs(JobFilter filter, String after, int limit) {
        return jobs.jobs(clock.instant(), filter, after, limit)
                .orElseThrow(() -> IngestException.unknownJob(after));
    }

    /**
     * Latest first, or the other way round.
     *
     * @param after id of the batch before the first one; null: from the first on
     * @throws IngestException UNKNOWN
     */
    List<Batch> batches(boolean oldestFirst, String after, int limit) {
        return jobs.batches(clock.instant(), oldestFirst, after, limit)
                .orElseThrow(() -> IngestException.unknownBatch(after));
    }

    /**
     * What {@code question} finds out about a job.
     *
     * @throws IngestException UNKNOWN
     */
    <T> T ask(String id, Function<JobState, T> question) {
        return jobs.ask(id, question).orElseThrow(() -> absent(id, IngestException.unknownJob(id)));
    }

    private IngestException absent(String id, IngestException unknown) {
        return jobs.deletedAt(id).map(at -> IngestException.deletedJob(id, at)).orElse(unknown);
    }
}
