package dev.nocturne.standalone.plan;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.events.StoredImage;
import dev.nocturne.rerank.Ranking;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.PictureFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The records of one request, as the stages make them, of a usual caption; tokens are as random as
 * they can be, so no real record of that many candidates takes more.
 *
 * @param caption of a usual length
 * @param batch candidates in a decode batch
 * @param pictureBytes of a picture's file
 */
record SampleRequest(
        ModelShape model, String caption, int candidates, int top, int batch, long pictureBytes) {

    /** As long as those of COCO are on average, 52 characters. */
    static final String CAPTION = "A man rides a brown horse along a quiet sandy beach.";

    private static final int CHARS_OF_A_TOKEN = 4;
    private static final String SHA_256 = "0123456789abcdef".repeat(4);
    private static final Instant AT = Instant.parse("2026-11-30T22:00:00.123Z");
    private static final IdSource.Owned JOB =
            new IdSource(Clock.fixed(AT, ZoneOffset.UTC), new SplittableRandom(1)).newJob();
    private static final String CUSTOM_ID = "caption-123456";

    RequestRef request() {
        return new RequestRef(JOB.id(), Ids.requestId(JOB.id(), CUSTOM_ID), CUSTOM_ID, caption);
    }

    /** In every topic. */
    String key() {
        return Ids.key(request().getJobId(), request().getRequestId());
    }

    private DrawingOptions options() {
        return DrawingOptions.newBuilder()
                .setCandidates(candidates)
                .setTop(top)
                .setTemperature(1.0)
                .setTopP(1.0)
                .setGuidance(1.0)
                .setRequestSha256(SHA_256)
                .build();
    }

    CaptionSubmitted submitted() {
        return CaptionSubmitted.newBuilder()
                .setJobId(JOB.id())
                .setJobToken(JOB.token())
                .setCustomId(CUSTOM_ID)
                .setCaption(caption)
                .setSubmittedAt(AT)
                .setOptions(
                        DrawingOptions.newBuilder().setCandidates(candidates).setTop(top).build())
                .build();
    }

    GenerationRequested task() {
        int tokens = Math.max(1, caption.length() / CHARS_OF_A_TOKEN);
        return GenerationRequested.newBuilder()
                .setRequest(request())
                .setTextTokens(Collections.nCopies(tokens, 1_000))
                .setTextEmbedding(embedding())
                .setPrimedTokens(ByteBuffer.allocate(0))
                .setSeed(Long.MAX_VALUE)
                .setRequestedAt(AT)
                .setModel(model.id())
                .setOptions(options())
                .build();
    }

    private ByteBuffer embedding() {
        return ByteBuffer.allocate(model.embeddingSize() * Float.BYTES);
    }

    /** Decode batches, the last of which may be smaller. */
    List<Integer> parts() {
        List<Integer> parts = new ArrayList<>();
        for (int first = 0; first < candidates; first += batch) {
            parts.add(Math.min(batch, candidates - first));
        }
        return parts;
    }

    /** A record of so many of its candidates. */
    GridsDrawn drawn(int grids) {
        return GridsDrawn.newBuilder()
                .setRequest(request())
                .setTextEmbedding(embedding())
                .setModel(model.id())
                .setGridHeight(model.gridSize())
                .setGridWidth(model.gridSize())
                .setGrids(
                        scored(grids).getGrids().stream()
                                .map(
                                        grid ->
                                                new DrawnGrid(
                                                        grid.getCandidate(),
                                                        grid.getSeed(),
                                                        grid.getLogProbability(),
                                                        grid.getTokens()))
                                .toList())
                .setOptions(options())
                .build();
    }

    GridsScored scored(int grids) {
        SplittableRandom random = new SplittableRandom(1);
        return GridsScored.newBuilder()
                .setRequest(request())
                .setModel(model.id())
                .setGridHeight(model.gridSize())
                .setGridWidth(model.gridSize())
                .setGrids(
                        IntStream.range(0, grids)
                                .mapToObj(
                                        candidate ->
                                                new ScoredGrid(
                                                        candidate,
                                                        random.nextLong() >>> 1,
                                                        -100 * random.nextDouble(),
                                                        random.nextFloat(),
                                                        tokens(random)))
                                .toList())
                .setOptions(options())
                .build();
    }

    private ByteBuffer tokens(SplittableRandom random) {
        int length = model.gridSize() * model.gridSize();
        ByteBuffer tokens =
                ByteBuffer.allocate(length * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < length; i++) {
            tokens.putShort((short) random.nextInt(model.codebook()));
        }
        return tokens.flip();
    }

    CandidatesRanked ranked() {
        GridsScored scored = scored(candidates);
        return Ranking.of(scored, scored.getGrids());
    }

    RequestFinished finished() {
        return finished(ranked());
    }

    private RequestFinished finished(CandidatesRanked ranked) {
        String folder = ResultFile.folder(request().getJobId(), request().getRequestId());
        List<StoredImage> images =
                ranked.getWinners().stream()
                        .map(
                                winner ->
                                        new StoredImage(
                                                winner.getRank(),
                                                folder
                                                        + PictureFormat.PNG.fileName(
                                                                winner.getRank()),
                                                SHA_256,
                                                pictureBytes,
                                                winner.getCandidate(),
                                                winner.getSeed(),
                                                winner.getScore(),
                                                winner.getLogProbability()))
                        .toList();
        return new RequestFinished(request(), RequestStatus.COMPLETED, images, null, AT);
    }

    ResultFile resultFile() {
        CandidatesRanked ranked = ranked();
        return ResultFile.of(
                ranked,
                model.id(),
                Math.max(1, caption.length() / CHARS_OF_A_TOKEN),
                ranked.getOptions().getSize(),
                finished(ranked).getImages());
    }
}
