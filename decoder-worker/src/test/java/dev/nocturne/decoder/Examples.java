package dev.nocturne.decoder;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.RequestRef;
import dev.nocturne.models.clip.Embeddings;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.PackedTokens;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;

/** Events whose candidate k has the 1x1 grid of token k and the seed 100 + k. */
final class Examples {

    static final String MODEL = "example@0";

    private Examples() {}

    static RequestRef request(String customId) {
        return new RequestRef("job-1", Ids.requestId("job-1", customId), customId, "an apple");
    }

    static GridsDrawn drawn(String customId, String model, int grids) {
        return GridsDrawn.newBuilder()
                .setRequest(request(customId))
                .setTextEmbedding(ByteBuffer.wrap(Embeddings.toBytes(new float[] {0.5f})))
                .setModel(model)
                .setGridHeight(1)
                .setGridWidth(1)
                .setGrids(
                        IntStream.range(0, grids)
                                .mapToObj(k -> new DrawnGrid(k, 100L + k, -1.0 * k, tokens(k)))
                                .toList())
                .setOptions(
                        DrawingOptions.newBuilder()
                                .setCandidates(512)
                                .setTop(4)
                                .setTemperature(0.9)
                                .setTopK(40)
                                .setTopP(0.95)
                                .setGuidance(1.0)
                                .setOutputFormat("webp")
                                .setOutputCompression(80)
                                .build())
                .build();
    }

    /** Ranks candidates 3 and 1, then 0 and 2. */
    static CandidatesRanked ranked(String customId, String model) {
        return CandidatesRanked.newBuilder()
                .setRequest(request(customId))
                .setModel(model)
                .setGridHeight(1)
                .setGridWidth(1)
                .setWinners(
                        List.of(
                                new RankedGrid(1, 3, 103L, -3.0, 0.75f, tokens(3)),
                                new RankedGrid(2, 1, 101L, -1.0, 0.5f, tokens(1))))
                .setMeanScore(0.25)
                .setOthers(
                        List.of(
                                new OtherCandidate(0, 100L, 0.0, 0.25f),
                                new OtherCandidate(2, 102L, -2.0, -0.5f)))
                .setOtherTokens(PackedTokens.pack(List.of(tokens(0), tokens(2))))
                .setOptions(
                        DrawingOptions.newBuilder()
                                .setCandidates(4)
                                .setTemperature(0.9)
                                .setTopK(40)
                                .setTopP(0.95)
                                .setGuidance(1.0)
                                .build())
                .build();
    }

    private static ByteBuffer tokens(int token) {
        return ByteBuffer.wrap(new TokenGrid(1, 1, new int[] {token}).toBytes());
    }
}
