package dev.nocturne.ingest;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Instant;

/**
 * A job at one moment. {@code counts.total} is always the sum of the other three counts.
 *
 * @param finishedAt when the last request finished; null while some have not
 * @param ratePerSecond requests finished per second: over the last minutes while the job is in
 *     progress, over all its time afterwards
 * @param etaSeconds seconds until the last request should finish; null if nothing moves, 0 when
 *     done
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Job(
        String id,
        Status status,
        Counts counts,
        Instant submittedAt,
        Instant finishedAt,
        double ratePerSecond,
        Double etaSeconds) {

    /** In this order only. */
    public enum Status {
        /** some requests have not finished */
        @JsonProperty("in_progress")
        IN_PROGRESS,
        /** all requests have finished; the manifest is not in the bucket yet */
        @JsonProperty("finalizing")
        FINALIZING,
        /** the manifest is in the bucket */
        @JsonProperty("completed")
        COMPLETED
    }

    /** In requests. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Counts(int total, int completed, int failed, int inProgress) {}
}
