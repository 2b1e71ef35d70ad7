package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.ScoredGrid;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

class EventRulesTest {

    private static final RequestRef REQUEST =
            new RequestRef("job-1", "0123456789abcdef", "line-1", "a red house");

    /** As the encoder sets them. */
    private static final DrawingOptions OPTIONS =
            DrawingOptions.newBuilder()
                    .setTemperature(0.9)
                    .setTopK(40)
                    .setTopP(0.95)
                    .setGuidance(1.0)
                    .build();

    private static DrawingOptions options(UnaryOperator<DrawingOptions.Builder> change) {
        return change.apply(DrawingOptions.newBuilder(OPTIONS)).build();
    }

    private static GenerationRequested task(UnaryOperator<GenerationRequested.Builder> change) {
        return change.apply(
                        GenerationRequested.newBuilder()
                                .setRequest(REQUEST)
                                .setTextTokens(List.of(3, 1, 2))
                                .setTextEmbedding(ByteBuffer.allocate(8))
                                .setPrimedTokens(ByteBuffer.allocate(2))
                                .setSeed(-5L)
                                .setRequestedAt(Examples.NOON)
                                .setOptions(OPTIONS))
                .build();
    }

    private static GridsDrawn drawn(UnaryOperator<GridsDrawn.Builder> change) {
        return change.apply(
                        GridsDrawn.newBuilder()
                                .setRequest(REQUEST)
                                .setTextEmbedding(ByteBuffer.allocate(8))
                                .setModel("emoji@1a2b3c4d")
                                .setGridHeight(1)
                                .setGridWidth(2)
                                .setGrids(List.of(drawnGrid(0, 4), drawnGrid(15, 4)))
                                .setOptions(OPTIONS))
                .build();
    }

    private static DrawnGrid drawnGrid(int candidate, int bytes) {
        return new DrawnGrid(candidate, 77L, -12.5, ByteBuffer.allocate(bytes));
    }

    private static GridsScored scored(UnaryOperator<GridsScored.Builder> change) {
        return change.apply(
                        GridsScored.newBuilder()
                                .setRequest(REQUEST)
                                .setModel("emoji@1a2b3c4d")
                                .setGridHeight(1)
                                .setGridWidth(2)
                                .setGrids(List.of(scoredGrid(3, 0.25f)))
                                .setOptions(OPTIONS))
                .build();
    }

    private static ScoredGrid scoredGrid(int candidate, Float score) {
        return new ScoredGrid(candidate, 77L, -12.5, score, ByteBuffer.allocate(4));
    }

    private static CandidatesRanked ranked(UnaryOperator<CandidatesRanked.Builder> change) {
        return change.apply(
                        CandidatesRanked.newBuilder()
                                .setRequest(REQUEST)
                                .setModel("emoji@1a2b3c4d")
                                .setGridHeight(1)
                                .setGridWidth(2)
                                .setWinners(List.of(winner(1, 3), winner(2, 0)))
                                .setOthers(List.of())
                                .setMeanScore(0.125)
                                .setOptions(options(o -> o.setCandidates(4))))
                .build();
    }

    private static RankedGrid winner(int rank, int candidate) {
        return new RankedGrid(rank, candidate, 77L, -12.5, 0.25f, ByteBuffer.allocate(4));
    }

    private static GridPartlyDrawn partlyDrawn(UnaryOperator<GridPartlyDrawn.Builder> change) {
        return change.apply(
                        GridPartlyDrawn.newBuilder()
                                .setRequest(REQUEST)
                                .setIndex(2)
                                .setSeed(77L)
                                .setModel("emoji@1a2b3c4d")
                                .setGridHeight(1)
                                .setGridWidth(2)
                                .setTokens(ByteBuffer.allocate(4)))
                .build();
    }

    private static PartialImageRendered partialImage(
            UnaryOperator<PartialImageRendered.Builder> change) {
        return change.apply(
                        PartialImageRendered.newBuilder()
                                .setRequest(REQUEST)
                                .setIndex(0)
                                .setSeed(77L)
                                .setWidth(64)
                                .setHeight(64)
                                .setFormat("png")
                                .setFile(ByteBuffer.allocate(4)))
                .build();
    }

    static final List<SpecificRecord> GOOD =
            List.of(
                    task(task -> task),
                    drawn(drawn -> drawn),
                    scored(scored -> scored),
                    partlyDrawn(partial -> partial),
                    partialImage(partial -> partial),
                    ranked(ranked -> ranked),
                    ranked(ranked -> ranked.setWinners(List.of(winner(3, 0)))));

    @ParameterizedTest
    @FieldSource("GOOD")
    void goodEventsBreakNoRule(SpecificRecord event) {
        assertThat(EventRules.validate(event)).isEmpty();
    }

    static Stream<Arguments> broken() {
        return Stream.of(
                arguments(
                        task(t -> t.setOptions(options(o -> o.setCandidates(0)))),
                        "candidates is 0: must be 1 to 512"),
                arguments(
                        task(t -> t.setOptions(options(o -> o.setCandidates(-2)))),
                        "candidates is -2"),
                arguments(
                        task(t -> t.setOptions(options(o -> o.setCandidates(2_000_000_000)))),
                        "candidates is 2000000000"),
                arguments(
                        task(t -> t.setOptions(options(o -> o.setTop(17)))),
                        "top is 17 of 16 candidates"),
                arguments(
                        task(t -> t.setOptions(options(o -> o.setTop(0)))),
                        "top is 0: must be 1 to 64"),
                arguments(
                        task(t -> t.setOptions(options(o -> o.setTemperature(Double.NaN)))),
                        "temperature is NaN"),
                arguments(
                        task(t -> t.setOptions(options(o -> o.setTemperature(null)))),
                        "temperature is missing: the encoder sets the model's own"),
                arguments(
                        drawn(d -> d.setOptions(options(o -> o.setGuidance(null)))),
                        "guidance is missing"),
                arguments(task(t -> t.setOptions(options(o -> o.setTopK(-1)))), "top_k is -1"),
                arguments(
                        task(t -> t.setOptions(options(o -> o.setGuidance(1e9)))),
                        "guidance is 1.0E9"),
                arguments(
                        task(t -> t.setOptions(options(o -> o.setOutputFormat("avif")))),
                        "output_format is 'avif'"),
                arguments(task(t -> t.setTextTokens(List.of(3, -1))), "text token -1"),
                arguments(task(t -> t.setTextEmbedding(ByteBuffer.allocate(7))), "7 bytes"),
                arguments(task(t -> t.setPrimedTokens(ByteBuffer.allocate(3))), "3 bytes"),
                arguments(
                        task(t -> t.setRequest(request("../etc", "0123456789abcdef"))),
                        "malformed"),
                arguments(task(t -> t.setRequest(request("job-1", "x/y"))), "malformed"),
                arguments(
                        drawn(d -> d.setOptions(options(o -> o.setCandidates(0)))),
                        "candidates is 0"),
                arguments(drawn(d -> d.setGrids(List.of())), "there is no candidate"),
                arguments(
                        drawn(d -> d.setGrids(List.of(drawnGrid(16, 4)))),
                        "candidate is 16: must be 0 to 15"),
                arguments(
                        drawn(d -> d.setGrids(List.of(drawnGrid(1, 4), drawnGrid(1, 4)))),
                        "candidate 1 is there twice"),
                arguments(
                        drawn(d -> d.setGrids(List.of(drawnGrid(1, 5)))),
                        "5 bytes are no grid of 1x2 tokens: must be 4"),
                arguments(drawn(d -> d.setGridHeight(0)), "grids of 0x2 tokens"),
                arguments(drawn(d -> d.setGridHeight(1 << 30)), "grids of 1073741824x2 tokens"),
                arguments(drawn(d -> d.setModel("m".repeat(257))), "model has 257 characters"),
                arguments(
                        scored(s -> s.setGrids(List.of(scoredGrid(3, Float.NaN)))),
                        "a score is NaN"),
                arguments(
                        scored(s -> s.setGrids(List.of(scoredGrid(3, 0.5f), scoredGrid(4, null)))),
                        "a score is null"),
                arguments(
                        task(t -> t.setOptions(options(o -> o.setPartialImages(4)))),
                        "partial_images is 4"),
                arguments(partlyDrawn(p -> p.setIndex(3)), "index is 3: must be 0 to 2"),
                arguments(partlyDrawn(p -> p.setGridWidth(3)), "4 bytes are no grid of 1x3"),
                arguments(
                        partlyDrawn(p -> p.setOptions(options(o -> o.setOutputFormat("avif")))),
                        "output_format is 'avif'"),
                arguments(partialImage(p -> p.setIndex(-1)), "index is -1"),
                arguments(partialImage(p -> p.setFormat("../png")), "output_format is '../png'"),
                arguments(scored(s -> s.setGrids(List.of())), "there is no candidate"),
                arguments(ranked(r -> r.setWinners(List.of())), "top is 0"),
                arguments(
                        ranked(r -> r.setWinners(List.of(winner(1, 3), winner(3, 0)))),
                        "rank 3 follows 1: the ranks of the winners are 1 to 2"),
                arguments(ranked(r -> r.setWinners(List.of(winner(0, 3)))), "rank 0 follows 0"),
                arguments(ranked(r -> r.setWinners(List.of(winner(5, 3)))), "rank 5 follows 0"),
                arguments(
                        ranked(r -> r.setWinners(List.of(winner(1, 4)))),
                        "candidate is 4: must be 0 to 3"));
    }

    private static RequestRef request(String jobId, String requestId) {
        return new RequestRef(jobId, requestId, "line-1", "a red house");
    }

    @ParameterizedTest
    @MethodSource
    void broken(SpecificRecord event, String messagePart) {
        assertThat(EventRules.validate(event))
                .hasValueSatisfying(
                        violation -> {
                            assertThat(violation.code()).isEqualTo(ReasonCodes.INVALID_OPTION);
                            assertThat(violation.message())
                                    .contains(messagePart)
                                    .doesNotContain("%s", "%d", "\n");
                        });
    }
}
