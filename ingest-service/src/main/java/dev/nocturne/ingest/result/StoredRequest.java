package dev.nocturne.ingest.result;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import dev.nocturne.runtime.RankedBy;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.SamplingOptions;
import dev.nocturne.runtime.SeedJson;
import java.util.List;
import java.util.Optional;

/**
 * A painted request with all its candidates, as the API tells it.
 *
 * @param rankedBy what the order of the candidates goes by
 * @param meanScore null where they have no scores, and then left out
 * @param candidates best first
 */
@JsonNaming(SnakeCaseStrategy.class)
public record StoredRequest(
        String jobId,
        String requestId,
        String customId,
        String caption,
        String model,
        RankedBy rankedBy,
        @JsonInclude(JsonInclude.Include.NON_NULL) Double meanScore,
        @JsonUnwrapped SamplingOptions sampling,
        List<Candidate> candidates) {

    /**
     * @param rank 1 is the best
     * @param candidate 0-based, in the order in which they were drawn
     * @param score cosine of CLIP image and text embedding, and what the model adds for likelihood;
     *     null if it has no CLIP, and then left out
     * @param published whether it is among the pictures that were asked for; others are rendered
     *     when their address is first asked for
     * @param url null where its tokens were not kept
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Candidate(
            int rank,
            int candidate,
            @JsonSerialize(using = SeedJson.class) long seed,
            @JsonInclude(JsonInclude.Include.NON_NULL) Float score,
            double logProbability,
            boolean published,
            String url) {}

    /**
     * @param apiUrl ends with a slash
     */
    public static StoredRequest of(ResultFile result, String apiUrl) {
        String folder = "%sv1/images/%s/%s/".formatted(apiUrl, result.jobId(), result.requestId());
        return new StoredRequest(
                result.jobId(),
                result.requestId(),
                result.customId(),
                result.caption(),
                result.model(),
                result.rankedBy(),
                result.meanScore(),
                result.sampling(),
                result.ranking().stream()
                        .map(candidate -> candidate(candidate, result, folder))
                        .toList());
    }

    private static Candidate candidate(
            ResultFile.Candidate candidate, ResultFile result, String folder) {
        Optional<ResultFile.Image> image = result.image(candidate.candidate());
        String url = null;
        if (image.isPresent()) {
            url = folder + image.get().fileName();
        } else if (candidate.tokens() != null) {
            url = folder + "candidates/" + result.fileName(candidate.candidate());
        }
        return new Candidate(
                candidate.rank(),
                candidate.candidate(),
                candidate.seed(),
                candidate.score(),
                candidate.logProbability(),
                image.isPresent(),
                url);
    }
}
