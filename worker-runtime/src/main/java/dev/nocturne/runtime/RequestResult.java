package dev.nocturne.runtime;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import java.time.Instant;
import java.util.List;

/**
 * What became of one request, as the API and the files of its job tell it.
 *
 * @param rankedBy what the images were chosen by, CLIP in a file from before there was anything
 *     else; null if there are none, and then left out
 * @param images best first; empty if the request failed
 * @param failure null if the request completed
 */
@JsonNaming(SnakeCaseStrategy.class)
public record RequestResult(
        String requestId,
        String customId,
        String caption,
        Status status,
        @JsonInclude(JsonInclude.Include.NON_NULL) RankedBy rankedBy,
        List<ResultFile.Image> images,
        Failure failure,
        Instant finishedAt) {

    public RequestResult {
        rankedBy = rankedBy == null && !images.isEmpty() ? RankedBy.CLIP : rankedBy;
    }

    public enum Status {
        @JsonProperty("completed")
        COMPLETED,
        @JsonProperty("failed")
        FAILED,
        @JsonProperty("cancelled")
        CANCELLED,
        @JsonProperty("expired")
        EXPIRED
    }

    /**
     * @param code a reason code
     * @param param the parameter at fault, if one is
     * @param line of the job's input file, if one is at fault
     */
    public record Failure(String code, String stage, String message, String param, Integer line) {}

    public static RequestResult of(RequestFinished event) {
        RequestRef request = event.getRequest();
        Failure failure =
                event.getFailure() == null
                        ? null
                        : new Failure(
                                event.getFailure().getCode(),
                                event.getFailure().getStage(),
                                event.getFailure().getMessage(),
                                event.getFailure().getParam(),
                                event.getFailure().getLine());
        List<ResultFile.Image> images =
                event.getImages().stream().map(ResultFile.Image::of).toList();
        return new RequestResult(
                request.getRequestId(),
                request.getCustomId(),
                request.getCaption(),
                Status.valueOf(event.getStatus().name()),
                images.isEmpty() ? null : RankedBy.of(images.get(0).score()),
                images,
                failure,
                event.getFinishedAt());
    }
}
