package dev.nocturne.runtime;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnCandidates;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.StoredImage;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.PackedTokens;
import dev.nocturne.schemas.PictureFormat;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.SizeName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * {@code result.json}: the pictures of one request, what it takes to draw them again, and all its
 * candidates, so that each can be rendered, and all be ranked again, later. Without the time of
 * day, so that a second run writes the same bytes.
 *
 * @param model id of the bundle that scored the candidates
 * @param dvae id of the dVAE whose tokens they are; null in a file from before it was written
 * @param rankedBy what {@code ranking} goes by; CLIP in a file from before there was anything else
 * @param candidates how many were compared
 * @param meanScore null where no candidate has a score, and then left out
 * @param sampling among the other fields
 * @param outputFormat of the pictures; PNG in a file from before there were others
 * @param size of the pictures, as {@link SizeName} has it; null in a file from before it was
 *     written, and then left out
 * @param seedScheme how the candidates' seeds came from the request's, see {@link SeedSchemes}
 * @param textTokens of the caption; null in a file from before it was written
 * @param requestSha256 of what its caption asked for, see {@link DrawingOptions}; null where it is
 *     not known, and then left out
 * @param images of the winners, best first
 * @param ranking every candidate, best first; empty in a file from before they were kept
 */
public record ResultFile(
        String jobId,
        String requestId,
        String customId,
        String caption,
        String model,
        String dvae,
        RankedBy rankedBy,
        int candidates,
        @JsonInclude(JsonInclude.Include.NON_NULL) Double meanScore,
        @JsonUnwrapped SamplingOptions sampling,
        String outputFormat,
        Integer outputCompression,
        @JsonInclude(JsonInclude.Include.NON_NULL) String size,
        Integer seedScheme,
        int gridHeight,
        int gridWidth,
        Integer textTokens,
        @JsonInclude(JsonInclude.Include.NON_NULL) String requestSha256,
        List<Image> images,
        List<Candidate> ranking) {

    /**
     * One stored picture.
     *
     * @param rank 1 is the best
     * @param key object key in the bucket
     * @param sha256 of the object
     * @param bytes size of the object
     * @param score cosine of CLIP image and text embedding, and what the model adds for likelihood;
     *     null if it has no CLIP, and then left out
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Image(
            int rank,
            String key,
            String sha256,
            long bytes,
            int candidate,
            @JsonSerialize(using = SeedJson.class) long seed,
            @JsonInclude(JsonInclude.Include.NON_NULL) Float score,
            double logProbability) {

        public static Image of(StoredImage image) {
            return new Image(
                    image.getRank(),
                    image.getKey(),
                    image.getSha256(),
                    image.getBytes(),
                    image.getCandidate(),
                    image.getSeed(),
                    image.getScore(),
                    image.getLogProbability());
        }

        /** As results name it. */
        public StoredImage stored() {
            return new StoredImage(
                    rank, key, sha256, bytes, candidate, seed, score, logProbability);
        }

        /** What its rank comes from, in words. */
        public String worth() {
            return score == null
                    ? String.format(Locale.ROOT, "log-probability %.1f", logProbability)
                    : String.format(Locale.ROOT, "score %.3f", score);
        }

        /** Its name in the request's folder, and at the end of its address. */
        public String fileName() {
            return key.substring(key.lastIndexOf('/') + 1);
        }

        private Image withoutFolder() {
            return new Image(
                    rank, fileName(), sha256, bytes, candidate, seed, score, logProbability);
        }

        /** Of that name, without the dot: {@code png}, {@code jpg} or {@code webp}. */
        public String extension() {
            return key.substring(key.lastIndexOf('.') + 1);
        }
    }

    /**
     * @param score as an image's
     * @param tokens the grid as uint16 little-endian in raster order, Base64 in JSON; null where a
     *     Kafka message could not hold the grids of all
     */
    public record Candidate(
            int rank,
            int candidate,
            @JsonSerialize(using = SeedJson.class) long seed,
            @JsonInclude(JsonInclude.Include.NON_NULL) Float score,
            double logProbability,
            byte[] tokens) {

        public static Candidate of(RankedGrid grid) {
            return new Candidate(
                    grid.getRank(),
                    grid.getCandidate(),
                    grid.getSeed(),
                    grid.getScore(),
                    grid.getLogProbability(),
                    EventCodec.bytes(grid.getTokens()));
        }

        private RankedGrid grid() {
            return new RankedGrid(
                    rank, candidate, seed, logProbability, score, ByteBuffer.wrap(tokens));
        }

        private OtherCandidate other() {
            return new OtherCandidate(candidate, seed, logProbability, score);
        }
    }

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .build();

    public ResultFile {
        rankedBy = rankedBy == null ? RankedBy.CLIP : rankedBy;
        ranking = ranking == null ? List.of() : List.copyOf(ranking);
        outputFormat = outputFormat == null ? PictureFormat.PNG.toString() : outputFormat;
        outputCompression =
                outputCompression == null ? Limits.MAX_OUTPUT_COMPRESSION : outputCompression;
        seedScheme = seedScheme == null ? SeedSchemes.MIXED : seedScheme;
    }

    /**
     * Describes a request that went through the pipeline.
     *
     * @param size of the images
     */
    public static ResultFile of(
            CandidatesRanked ranked,
            String dvae,
            Integer textTokens,
            String size,
            List<StoredImage> images) {
        DrawingOptions options = ranked.getOptions();
        return new ResultFile(
                ranked.getRequest().getJobId(),
                ranked.getRequest().getRequestId(),
                ranked.getRequest().getCustomId(),
                ranked.getRequest().getCaption(),
                ranked.getModel(),
                dvae,
                RankedBy.of(ranked.getWinners().get(0).getScore()),
                options.getCandidates(),
                ranked.getMeanScore(),
                SamplingOptions.of(options),
                options.getOutputFormat(),
                options.getOutputCompression(),
                size,
                options.getSeedScheme(),
                ranked.getGridHeight(),
                ranked.getGridWidth(),
                textTokens,
                options.getRequestSha256(),
                images.stream().map(Image::of).toList(),
                RankedCandidates.of(ranked));
    }

    /** Of the keys of all objects of the request; ends with a slash. */
    public static String folder(String jobId, String requestId) {
        return "jobs/%s/images/%s/".formatted(jobId, requestId);
    }

    /** Of the object in the bucket. */
    public static String key(String jobId, String requestId) {
        return folder(jobId, requestId) + "result.json";
    }

    /** The same where the pictures lie beside it: their keys are their names. */
    public ResultFile besidePictures() {
        return new ResultFile(
                jobId,
                requestId,
                customId,
                caption,
                model,
                dvae,
                rankedBy,
                candidates,
                meanScore,
                sampling,
                outputFormat,
                outputCompression,
                size,
                seedScheme,
                gridHeight,
                gridWidth,
                textTokens,
                requestSha256,
                images.stream().map(Image::withoutFolder).toList(),
                ranking);
    }

    public byte[] toJson() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new AssertionError("a record of plain values can be written", e);
        }
    }

    /**
     * Of any version; null if the JSON is.
     *
     * @throws IOException if it is no JSON, or a field of it has another type
     */
    public static ResultFile parse(byte[] json) throws IOException {
        return JSON.readValue(json, ResultFile.class);
    }

    /** The name of a file of the format that the request's pictures have. */
    public String fileName(int number) {
        return PictureFormat.named(outputFormat).orElse(PictureFormat.PNG).fileName(number);
    }

    /** The picture of a candidate, if it is among the winners. */
    public Optional<Image> image(int candidate) {
        return images.stream().filter(image -> image.candidate() == candidate).findFirst();
    }

    /**
     * The event by which the decoders render the best candidates for another request.
     *
     * @param top all, if there are fewer
     * @return empty if the tokens of one of them were not kept
     */
    public Optional<CandidatesRanked> best(RequestRef request, int top) {
        List<Candidate> winners = ranking.subList(0, Math.min(top, ranking.size()));
        if (winners.isEmpty() || !areKept(winners)) {
            return Optional.empty();
        }
        List<Candidate> others = ranking.subList(winners.size(), ranking.size());
        return Optional.of(ranked(request, winners, others));
    }

    /** As {@link #best}, of one candidate alone, whose tokens were kept. */
    public CandidatesRanked only(RequestRef request, Candidate candidate) {
        return ranked(request, List.of(candidate), List.of());
    }

    private CandidatesRanked ranked(
            RequestRef request, List<Candidate> winners, List<Candidate> others) {
        int room = Limits.MAX_TOKEN_BYTES - winners.size() * 2 * gridHeight * gridWidth;
        ByteBuffer tokens = areKept(others) ? packed(others, room) : ByteBuffer.allocate(0);
        return CandidatesRanked.newBuilder()
                .setRequest(request)
                .setModel(model)
                .setGridHeight(gridHeight)
                .setGridWidth(gridWidth)
                .setWinners(winners.stream().map(Candidate::grid).toList())
                .setMeanScore(meanScore)
                .setOptions(options(winners.size()))
                .setOthers(others.stream().map(Candidate::other).toList())
                .setOtherTokens(tokens)
                .build();
    }

    /**
     * How the candidates were drawn, and how their pictures are stored.
     *
     * @param top pictures that are wanted of them; all, if there are fewer
     */
    public DrawingOptions options(int top) {
        DrawingOptions.Builder options =
                DrawingOptions.newBuilder()
                        .setCandidates(candidates)
                        .setTop(Math.min(top, candidates))
                        .setOutputFormat(outputFormat)
                        .setOutputCompression(outputCompression)
                        .setSize(size == null ? SizeName.AUTO : size)
                        .setSeedScheme(seedScheme);
        sampling.setIn(options);
        return options.build();
    }

    /**
     * All candidates as a caption brings them that has them scored again.
     *
     * @return empty if one of them, or its tokens, was not kept, or if they do not fit a message
     */
    public Optional<DrawnCandidates> drawn() {
        if (ranking.isEmpty() || ranking.size() != candidates || !areKept(ranking)) {
            return Optional.empty();
        }
        List<Candidate> inOrder =
                ranking.stream().sorted(Comparator.comparingInt(Candidate::candidate)).toList();
        ByteBuffer tokens = packed(inOrder, Limits.MAX_TOKEN_BYTES);
        if (!tokens.hasRemaining()) {
            return Optional.empty();
        }
        return Optional.of(
                DrawnCandidates.newBuilder()
                        .setModel(model)
                        .setDvae(dvae)
                        .setGridHeight(gridHeight)
                        .setGridWidth(gridWidth)
                        .setSeeds(inOrder.stream().map(Candidate::seed).toList())
                        .setLogProbabilities(
                                inOrder.stream().map(Candidate::logProbability).toList())
                        .setTokens(tokens)
                        .build());
    }

    private static boolean areKept(List<Candidate> some) {
        return some.stream().allMatch(candidate -> candidate.tokens != null);
    }

    /** Empty if they take more. */
    private static ByteBuffer packed(List<Candidate> some, int maxBytes) {
        return PackedTokens.packWithin(
                some.stream().map(candidate -> ByteBuffer.wrap(candidate.tokens)).toList(),
                maxBytes);
    }
}
