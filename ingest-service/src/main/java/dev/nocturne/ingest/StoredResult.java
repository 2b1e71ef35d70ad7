package dev.nocturne.ingest;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.PackedTokens;
import dev.nocturne.schemas.PictureFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * {@code result.json}, as the decoders leave it in the bucket.
 *
 * @param candidates how many were compared
 * @param outputFormat PNG in a file from before there were others
 * @param ranking every candidate, best first; empty in a file from before they were kept
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonIgnoreProperties(ignoreUnknown = true)
record StoredResult(
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
        Integer outputCompression,
        int gridHeight,
        int gridWidth,
        List<RequestResult.Image> images,
        List<Candidate> ranking) {

    /**
     * @param tokens uint16 little-endian, raster order; null where they were not kept
     */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Candidate(
            int rank, int candidate, long seed, float score, double logProbability, byte[] tokens) {

        private RankedGrid grid() {
            return new RankedGrid(
                    rank, candidate, seed, logProbability, score, ByteBuffer.wrap(tokens));
        }

        private OtherCandidate other() {
            return new OtherCandidate(candidate, seed, logProbability, score);
        }
    }

    private static final JsonMapper JSON = JsonMapper.builder().build();

    StoredResult {
        ranking = ranking == null ? List.of() : List.copyOf(ranking);
        outputFormat = outputFormat == null ? PictureFormat.PNG.toString() : outputFormat;
        outputCompression =
                outputCompression == null ? Limits.MAX_OUTPUT_COMPRESSION : outputCompression;
    }

    static String key(String jobId, String requestId) {
        return "jobs/%s/images/%s/result.json".formatted(jobId, requestId);
    }

    static StoredResult parse(byte[] json) throws IOException {
        return JSON.readValue(json, StoredResult.class);
    }

    /** The name of a file of the format that the request's pictures have. */
    String fileName(int number) {
        return PictureFormat.named(outputFormat).orElse(PictureFormat.PNG).fileName(number);
    }

    /** The picture of a candidate, if it is among the winners. */
    Optional<RequestResult.Image> image(int candidate) {
        return images.stream().filter(image -> image.candidate() == candidate).findFirst();
    }

    /** Whether the best candidates, all if there are fewer, can be rendered. */
    boolean keepsBest(int top) {
        return !ranking.isEmpty()
                && ranking.stream().limit(top).allMatch(candidate -> candidate.tokens != null);
    }

    /**
     * The event by which the decoders render the best candidates for another request.
     *
     * @param top at most as many as there are
     */
    CandidatesRanked best(RequestRef request, int top) {
        int winners = Math.min(top, ranking.size());
        return ranked(
                request, ranking.subList(0, winners), ranking.subList(winners, ranking.size()));
    }

    /** As {@link #best}, of one candidate alone. */
    CandidatesRanked only(RequestRef request, Candidate candidate) {
        return ranked(request, List.of(candidate), List.of());
    }

    private CandidatesRanked ranked(
            RequestRef request, List<Candidate> winners, List<Candidate> others) {
        int room = Limits.MAX_TOKEN_BYTES - winners.size() * 2 * gridHeight * gridWidth;
        boolean kept = others.stream().allMatch(other -> other.tokens != null);
        ByteBuffer tokens =
                kept
                        ? PackedTokens.packWithin(
                                others.stream().map(o -> ByteBuffer.wrap(o.tokens)).toList(), room)
                        : ByteBuffer.allocate(0);
        return CandidatesRanked.newBuilder()
                .setRequest(request)
                .setCandidates(candidates)
                .setModel(model)
                .setGridHeight(gridHeight)
                .setGridWidth(gridWidth)
                .setWinners(winners.stream().map(Candidate::grid).toList())
                .setMeanScore(meanScore)
                .setTemperature(temperature)
                .setTopK(topK)
                .setTopP(topP)
                .setGuidance(guidance)
                .setOutputFormat(outputFormat)
                .setOutputCompression(outputCompression)
                .setOthers(others.stream().map(Candidate::other).toList())
                .setOtherTokens(tokens)
                .build();
    }
}
