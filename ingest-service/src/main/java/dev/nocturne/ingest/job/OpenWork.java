package dev.nocturne.ingest.job;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Instant;

/**
 * What all open jobs together have left.
 *
 * @param captions without a result
 * @param estimatedFinish of the last one; null if nothing can be said of one of them
 */
@JsonNaming(SnakeCaseStrategy.class)
public record OpenWork(int jobs, long captions, FinishEstimate estimatedFinish) {

    public static OpenWork of(Iterable<Job> open) {
        int jobs = 0;
        long captions = 0;
        boolean isKnown = true;
        Instant earliest = Instant.MIN;
        Instant latest = Instant.MIN;
        for (Job job : open) {
            jobs++;
            captions += job.counts().inProgress();
            FinishEstimate estimate = job.estimatedFinish();
            if (estimate != null) {
                earliest = later(earliest, estimate.earliest());
                latest = later(latest, estimate.latest());
            } else if (job.counts().inProgress() > 0 || job.status() == Job.Status.VALIDATING) {
                isKnown = false;
            }
        }
        return new OpenWork(
                jobs,
                captions,
                isKnown && latest != Instant.MIN ? new FinishEstimate(earliest, latest) : null);
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}
