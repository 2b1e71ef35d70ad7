package dev.nocturne.ingest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.function.Function;

/** Results in the form of OpenAI's answers. */
public final class Answers {

    /**
     * The answer to an image request.
     *
     * @param created Unix seconds
     * @param data best first
     */
    public record Images(long created, List<Picture> data) {}

    /**
     * One of {@code url} and {@code b64Json} is null and left out.
     *
     * @param rank 1 is the best
     * @param score cosine of CLIP image and text embedding
     * @param seed the candidate's own
     */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Picture(String url, String b64Json, int rank, float score, long seed) {}

    /** A line of an output or error file: one of {@code response} and {@code error} is null. */
    @JsonNaming(SnakeCaseStrategy.class)
    record Line(String id, String customId, Response response, Error error) {}

    @JsonNaming(SnakeCaseStrategy.class)
    record Response(int statusCode, String requestId, Images body) {}

    record Error(String code, String message, String param, Integer line) {}

    private Answers() {}

    /** The answer with the addresses of the pictures. */
    static Images urls(RequestResult result, String jobId, String apiUrl) {
        return images(
                result,
                image ->
                        new Picture(
                                "%sv1/images/%s/%s/%s"
                                        .formatted(
                                                apiUrl,
                                                jobId,
                                                result.requestId(),
                                                image.fileName()),
                                null,
                                image.rank(),
                                image.score(),
                                image.seed()));
    }

    static Images images(RequestResult result, Function<RequestResult.Image, Picture> picture) {
        return new Images(
                result.finishedAt().getEpochSecond(),
                result.images().stream().map(picture).toList());
    }

    static Line line(RequestResult result, String jobId, String apiUrl) {
        String id = "batch_req_" + result.requestId();
        if (result.status() == RequestResult.Status.COMPLETED) {
            Images body = urls(result, jobId, apiUrl);
            return new Line(
                    id, result.customId(), new Response(200, result.requestId(), body), null);
        }
        RequestResult.Failure failure = result.failure();
        return new Line(
                id,
                result.customId(),
                null,
                new Error(failure.code(), failure.message(), failure.param(), failure.line()));
    }
}
