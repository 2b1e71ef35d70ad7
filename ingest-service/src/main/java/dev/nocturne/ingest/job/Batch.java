package dev.nocturne.ingest.job;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.ingest.Problem;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A job that was made from a file, as OpenAI's Batch API shows it. Times are Unix seconds, null
 * until they come. What follows the metadata is not OpenAI's, see {@link Job}.
 *
 * @param errors null unless the batch has failed as a whole
 * @param outputFileId null until the file is there, and if no request completed
 * @param errorFileId null until the file is there, and if every request completed
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Batch(
        String id,
        String object,
        String endpoint,
        Errors errors,
        String inputFileId,
        String completionWindow,
        Job.Status status,
        String outputFileId,
        String errorFileId,
        Long createdAt,
        Long inProgressAt,
        Long expiresAt,
        Long finalizingAt,
        Long completedAt,
        Long failedAt,
        Long expiredAt,
        Long cancellingAt,
        Long cancelledAt,
        Counts requestCounts,
        Map<String, String> metadata,
        FinishEstimate estimatedFinish,
        Instant deadline,
        boolean deadlineAtRisk,
        String window,
        Instant startAfter,
        String waitingFor,
        String problem) {

    public record Errors(String object, List<Problem> data) {}

    /** {@code total} is always the sum of the others; the last three are not OpenAI's. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Counts(
            int total, int completed, int failed, int cancelled, int expired, int inFlight) {}
}
