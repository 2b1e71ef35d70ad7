package dev.nocturne.ingest.job;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** When open jobs will be finished, as it was estimated a moment ago. Not thread-safe. */
final class Estimates {

    /** They need every job, and are asked for of each. */
    private static final Duration FRESH = Duration.ofMillis(500);

    private Map<String, FinishEstimate> last = Map.of();
    private Instant madeAt = Instant.MIN;

    /** By job id. */
    Map<String, FinishEstimate> at(Instant now, Collection<JobState> jobs, Throughput throughput) {
        boolean isFresh = !now.isBefore(madeAt) && now.isBefore(madeAt.plus(FRESH));
        if (!isFresh) {
            List<FinishEstimate.Work> work =
                    jobs.stream()
                            .filter(JobState::isDispatched)
                            .filter(JobState::isDrawn)
                            .filter(job -> !job.allFinished())
                            .map(JobState::work)
                            .toList();
            // nobody else does where nothing is released
            throughput.tick(now, jobs.stream().anyMatch(JobState::isBeingDrawn));
            last = FinishEstimate.of(work, throughput.rates(), now);
            madeAt = now;
        }
        return last;
    }
}
