package dev.nocturne.decoder;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.StoredImage;
import java.util.List;

/**
 * {@code result.json}: the pictures of one request, and what it takes to draw them again. Without
 * the time of day, so that a second run writes the same bytes.
 */
public record ResultFile(
        String jobId,
        String requestId,
        String customId,
        String caption,
        String model,
        int candidates,
        double meanScore,
        double temperature,
        int topK,
        double topP,
        double guidance,
        List<Image> images) {

    /** One stored picture, best rank first. */
    public record Image(
            int rank,
            String key,
            String sha256,
            long bytes,
            int candidate,
            long seed,
            float score,
            double logProbability) {}

    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build();

    static ResultFile of(CandidatesRanked ranked, List<StoredImage> images) {
        return new ResultFile(
                ranked.getRequest().getJobId(),
                ranked.getRequest().getRequestId(),
                ranked.getRequest().getCustomId(),
                ranked.getRequest().getCaption(),
                ranked.getModel(),
                ranked.getCandidates(),
                ranked.getMeanScore(),
                ranked.getTemperature(),
                ranked.getTopK(),
                ranked.getTopP(),
                ranked.getGuidance(),
                images.stream()
                        .map(
                                image ->
                                        new Image(
                                                image.getRank(),
                                                image.getKey(),
                                                image.getSha256(),
                                                image.getBytes(),
                                                image.getCandidate(),
                                                image.getSeed(),
                                                image.getScore(),
                                                image.getLogProbability()))
                        .toList());
    }

    public byte[] toJson() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new AssertionError("a record of plain values can be written", e);
        }
    }
}
