package dev.nocturne.generator;

import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.SeedSchemes;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

/** Tasks that differ in their number of candidates and their seed. */
final class Tasks {

    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    private Tasks() {}

    static List<GenerationRequested> of(int... candidates) {
        return IntStream.range(0, candidates.length)
                .mapToObj(i -> task("line-" + i, candidates[i]))
                .toList();
    }

    private static GenerationRequested task(String customId, int candidates) {
        String requestId = Ids.requestId("job-1", customId);
        return GenerationRequested.newBuilder()
                .setRequest(new RequestRef("job-1", requestId, customId, "an apple"))
                .setTextTokens(List.of(5, 6))
                .setTextEmbedding(ByteBuffer.allocate(8))
                .setPrimedTokens(ByteBuffer.wrap(new byte[] {7, 0}))
                .setSeed(Ids.defaultSeed(requestId, SeedSchemes.FIRST_IS_OWN))
                .setRequestedAt(NOON)
                .setOptions(
                        DrawingOptions.newBuilder()
                                .setCandidates(candidates)
                                .setTop(1)
                                .setTemperature(1.0)
                                .setGuidance(1.0)
                                .setOutputFormat("webp")
                                .setOutputCompression(80)
                                .build())
                .build();
    }
}
