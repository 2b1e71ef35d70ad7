package dev.nocturne.ingest.job;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.time.Instant;
import java.util.List;

/**
 * A job at one moment. {@code counts.total} is always the sum of the other counts.
 *
 * @param finishedAt when the last request finished; null while some have not
 * @param ratePerSecond requests finished per second: over the last minutes while the job is in
 *     progress, over all its time afterwards
 * @param etaSeconds seconds until the last request should finish; null if nothing moves, 0 when
 *     done
 * @param estimatedFinish null while nothing is measured, when done, and for jobs that came through
 *     Kafka
 * @param deadlineAtRisk whether the latest estimated finish, or the finish, is after the deadline
 * @param window hours of the day in which it runs, as its submitter wrote them
 * @param waitingFor why nothing of it is in flight; null if something is, or all was
 * @param inputFileId null for a job that came through Kafka alone; such a one cannot be cancelled
 *     or retried here
 * @param problem why it does not go on, or has failed as a whole; null if all is well
 * @param caption of its first request; null while it is not known
 * @param thumbnails addresses of pictures, relative to the API's own: the best of each of its first
 *     requests
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Job(
        String id,
        Status status,
        Counts counts,
        Instant submittedAt,
        Instant finishedAt,
        double ratePerSecond,
        Double etaSeconds,
        FinishEstimate estimatedFinish,
        Instant deadline,
        boolean deadlineAtRisk,
        String window,
        Instant startAfter,
        String waitingFor,
        String inputFileId,
        String problem,
        String caption,
        List<String> thumbnails) {

    /** The states of OpenAI's batches. */
    public enum Status {
        /** the file is being read; nothing has been started */
        @JsonProperty("validating")
        VALIDATING,
        /** the file is bad; nothing was started */
        @JsonProperty("failed")
        FAILED,
        /** some requests have not finished */
        @JsonProperty("in_progress")
        IN_PROGRESS,
        /** all requests have finished; the files are not all in the bucket yet */
        @JsonProperty("finalizing")
        FINALIZING,
        /** the manifest is in the bucket */
        @JsonProperty("completed")
        COMPLETED,
        /** as completed, but the time was over before the last request finished */
        @JsonProperty("expired")
        EXPIRED,
        /** nothing more is started; what was unfinished is given its result */
        @JsonProperty("cancelling")
        CANCELLING,
        /** as completed, but by its submitter's word */
        @JsonProperty("cancelled")
        CANCELLED;

        /** Whether the job stays as it is. */
        public boolean isTerminal() {
            return this == COMPLETED || this == FAILED || this == EXPIRED || this == CANCELLED;
        }
    }

    /** In requests. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Counts(
            int total, int completed, int failed, int cancelled, int expired, int inProgress) {}
}
