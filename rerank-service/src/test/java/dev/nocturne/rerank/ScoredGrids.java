package dev.nocturne.rerank;

import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.schemas.Ids;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** Events for tests. */
final class ScoredGrids {

    static final String JOB = "job-1";

    private ScoredGrids() {}

    static RequestRef request(String customId) {
        return new RequestRef(JOB, Ids.requestId(JOB, customId), customId, "a red heart");
    }

    static String key(String customId) {
        return Ids.key(JOB, Ids.requestId(JOB, customId));
    }

    static ScoredGrid grid(int candidate, double score) {
        ByteBuffer tokens = ByteBuffer.wrap(new byte[] {(byte) candidate, 0});
        return new ScoredGrid(candidate, 100L + candidate, -7.5, (float) score, tokens);
    }

    static GridsScored event(String customId, int candidates, int top, ScoredGrid... grids) {
        return event(customId, candidates, top, Arrays.asList(grids));
    }

    static GridsScored event(String customId, int candidates, int top, List<ScoredGrid> grids) {
        return GridsScored.newBuilder()
                .setRequest(request(customId))
                .setModel("test@0")
                .setGridHeight(1)
                .setGridWidth(1)
                .setGrids(grids)
                .setOptions(
                        DrawingOptions.newBuilder()
                                .setCandidates(candidates)
                                .setTop(top)
                                .setTemperature(1.0)
                                .setGuidance(1.0)
                                .setOutputFormat("webp")
                                .setOutputCompression(80)
                                .build())
                .build();
    }
}
