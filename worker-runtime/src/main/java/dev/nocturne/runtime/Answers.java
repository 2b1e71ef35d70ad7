package dev.nocturne.runtime;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import dev.nocturne.events.CaptionSubmitted;
import java.util.List;
import java.util.function.Function;

/** Results in the form of OpenAI's answers. */
public final class Answers {

    /**
     * The answer to an image request. What is not known of a picture is null and left out.
     *
     * @param created Unix seconds
     * @param data best first
     * @param size of each picture in pixels, as {@code 64x64}
     * @param rankedBy what the order of the pictures goes by
     */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Images(
            long created,
            List<Picture> data,
            String outputFormat,
            String size,
            Usage usage,
            RankedBy rankedBy) {

        Images(long created, List<Picture> data, RankedBy rankedBy) {
            this(created, data, null, null, null, rankedBy);
        }

        /** The same, and what else is known of its pictures. */
        public Images described(String outputFormat, String size, Usage usage) {
            return new Images(created, data, outputFormat, size, usage, rankedBy);
        }
    }

    /**
     * Tokens that were read and that came of it.
     *
     * @param inputTokens of the caption, and of the image prompt
     * @param outputTokens of the pictures of the answer
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Usage(
            int inputTokens, InputTokens inputTokensDetails, int outputTokens, int totalTokens) {

        @JsonNaming(SnakeCaseStrategy.class)
        public record InputTokens(int textTokens, int imageTokens) {}

        /** Of each of the pictures of an answer alone. */
        public Usage ofEach(int pictures) {
            int output = outputTokens / pictures;
            return new Usage(inputTokens, inputTokensDetails, output, inputTokens + output);
        }

        public static Usage of(ResultFile file, CaptionSubmitted caption, int pictures) {
            boolean isRead = file.textTokens() != null && !caption.getVariation();
            int text = isRead ? file.textTokens() : 0;
            int grid = file.gridHeight() * file.gridWidth();
            int image = caption.getImagePrompt() == null ? 0 : grid;
            int input = text + image;
            int output = pictures * grid;
            return new Usage(input, new InputTokens(text, image), output, input + output);
        }
    }

    /**
     * One of {@code url} and {@code b64Json} is null and left out.
     *
     * @param b64Json the bytes of the file; in base64 where they are JSON
     * @param rank 1 is the best
     * @param score cosine of CLIP image and text embedding, and what the model adds for likelihood;
     *     null if it has no CLIP
     * @param seed the candidate's own: asked for with one candidate, it draws the picture again
     */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Picture(
            String url,
            byte[] b64Json,
            int rank,
            Float score,
            @JsonSerialize(using = SeedJson.class) long seed) {}

    /** A line of an output or error file: one of {@code response} and {@code error} is null. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Line(String id, String customId, Response response, Error error) {}

    @JsonNaming(SnakeCaseStrategy.class)
    public record Response(int statusCode, String requestId, Images body) {}

    public record Error(String code, String message, String param, Integer line) {}

    private Answers() {}

    /**
     * The answer with each picture itself, or with its address.
     *
     * @param bytes of a picture; null: its address
     */
    public static Images images(
            RequestResult result,
            String jobId,
            String apiUrl,
            Function<ResultFile.Image, byte[]> bytes) {
        return new Images(
                result.finishedAt().getEpochSecond(),
                result.images().stream()
                        .map(image -> picture(result, image, jobId, apiUrl, bytes.apply(image)))
                        .toList(),
                result.rankedBy());
    }

    private static Picture picture(
            RequestResult result,
            ResultFile.Image image,
            String jobId,
            String apiUrl,
            byte[] bytes) {
        String url =
                "%sv1/images/%s/%s/%s"
                        .formatted(apiUrl, jobId, result.requestId(), image.fileName());
        return new Picture(
                bytes == null ? url : null, bytes, image.rank(), image.score(), image.seed());
    }

    /** As {@link #images}, as a line of a file. */
    public static Line line(
            RequestResult result,
            String jobId,
            String apiUrl,
            Function<ResultFile.Image, byte[]> bytes) {
        String id = "batch_req_" + result.requestId();
        if (result.status() == RequestResult.Status.COMPLETED) {
            Images body = images(result, jobId, apiUrl, bytes);
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
