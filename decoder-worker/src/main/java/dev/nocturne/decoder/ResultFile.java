package dev.nocturne.decoder;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.StoredImage;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.PackedTokens;
import dev.nocturne.schemas.ReasonCodes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code result.json}: the pictures of one request, what it takes to draw them again, and all its
 * candidates, so that each can be rendered later. Without the time of day, so that a second run
 * writes the same bytes.
 *
 * @param candidates how many were compared
 * @param images of the winners
 * @param ranking every candidate, best first
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
        String outputFormat,
        int outputCompression,
        int gridHeight,
        int gridWidth,
        List<Image> images,
        List<Candidate> ranking) {

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

    /**
     * @param tokens the grid as uint16 little-endian in raster order, Base64 in JSON; null where a
     *     Kafka message could not hold the grids of all
     */
    public record Candidate(
            int rank, int candidate, long seed, float score, double logProbability, byte[] tokens) {

        public static Candidate of(RankedGrid grid) {
            return new Candidate(
                    grid.getRank(),
                    grid.getCandidate(),
                    grid.getSeed(),
                    grid.getScore(),
                    grid.getLogProbability(),
                    EventCodec.bytes(grid.getTokens()));
        }
    }

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
                ranked.getOutputFormat(),
                ranked.getOutputCompression(),
                ranked.getGridHeight(),
                ranked.getGridWidth(),
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
                        .toList(),
                ranking(ranked));
    }

    /** Of a record from before there were others, the winners alone. */
    private static List<Candidate> ranking(CandidatesRanked ranked) {
        List<Candidate> ranking = new ArrayList<>();
        ranked.getWinners().forEach(winner -> ranking.add(Candidate.of(winner)));
        List<OtherCandidate> others = ranked.getOthers();
        List<ByteBuffer> tokens = tokens(ranked);
        for (int i = 0; i < others.size(); i++) {
            OtherCandidate other = others.get(i);
            ranking.add(
                    new Candidate(
                            ranking.size() + 1,
                            other.getCandidate(),
                            other.getSeed(),
                            other.getScore(),
                            other.getLogProbability(),
                            tokens.isEmpty() ? null : EventCodec.bytes(tokens.get(i))));
        }
        return ranking;
    }

    private static List<ByteBuffer> tokens(CandidatesRanked ranked) {
        if (!ranked.getOtherTokens().hasRemaining()) {
            return List.of();
        }
        try {
            return PackedTokens.unpack(
                    ranked.getOtherTokens(),
                    ranked.getOthers().size(),
                    2 * ranked.getGridHeight() * ranked.getGridWidth());
        } catch (IllegalArgumentException e) {
            throw new PermanentException(ReasonCodes.MALFORMED_EVENT, e.getMessage(), e);
        }
    }

    public byte[] toJson() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new AssertionError("a record of plain values can be written", e);
        }
    }
}
