package dev.nocturne.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.Outbox;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ScoreStageTest {

    private final ScoreStage stage = new ScoreStage(() -> new TokenScorer(true));
    private final Outbox out = new Outbox(() -> true);

    /** The grid's first token, the embedding's first number, and the log-probability. */
    private record TokenScorer(boolean hasClip) implements GridScorer {

        @Override
        public String model() {
            return Examples.MODEL;
        }

        @Override
        public int gridSize() {
            return 1;
        }

        @Override
        public int embeddingSize() {
            return 1;
        }

        @Override
        public float[] score(
                List<TokenGrid> grids, List<float[]> textEmbeddings, double[] logProbabilities) {
            float[] scores = new float[grids.size()];
            for (int i = 0; i < scores.length; i++) {
                scores[i] =
                        (float)
                                (grids.get(i).tokens()[0]
                                        + textEmbeddings.get(i)[0]
                                        + logProbabilities[i] / 4);
            }
            return scores;
        }

        @Override
        public void close() {}
    }

    @BeforeEach
    void open() {
        stage.open();
    }

    @Test
    void everyGridGetsItsOwnScore() {
        stage.process(
                List.of(
                        Examples.drawn("a", Examples.MODEL, 2),
                        Examples.drawn("b", Examples.MODEL, 3)),
                out);
        assertThat(out.outputs()).extracting(Outbox.Output::index).containsExactly(0, 1);
        GridsScored second = (GridsScored) out.outputs().get(1).event();
        assertThat(second.getRequest()).isEqualTo(Examples.request("b"));
        assertThat(second.getOptions().getCandidates()).isEqualTo(512);
        assertThat(second.getOptions().getOutputFormat()).isEqualTo("webp");
        assertThat(second.getOptions().getOutputCompression()).isEqualTo(80);
        assertThat(second.getGrids())
                .extracting(ScoredGrid::getCandidate, ScoredGrid::getSeed, ScoredGrid::getScore)
                .containsExactly(tuple(0, 100L, 0.5f), tuple(1, 101L, 1.25f), tuple(2, 102L, 2.0f));
    }

    @Test
    void withoutAClipNothingHasAScore() {
        ScoreStage bare = new ScoreStage(() -> new TokenScorer(false));
        bare.open();
        bare.selfTest();
        bare.process(
                List.of(
                        GridsDrawn.newBuilder(Examples.drawn("a", Examples.MODEL, 2))
                                .setTextEmbedding(ByteBuffer.allocate(0))
                                .build()),
                out);
        GridsScored scored = (GridsScored) out.outputs().get(0).event();
        assertThat(scored.getGrids())
                .extracting(ScoredGrid::getLogProbability, ScoredGrid::getScore)
                .containsExactly(tuple(-0.0, null), tuple(-1.0, null));
    }

    @Test
    void callsAreFilledButNotOverfilled() {
        assertThat(stage.take(List.of(Examples.drawn("a", "m", 64)))).isEqualTo(1);
        assertThat(
                        stage.take(
                                List.of(
                                        Examples.drawn("a", "m", 16),
                                        Examples.drawn("b", "m", 16),
                                        Examples.drawn("c", "m", 1))))
                .isEqualTo(2);
    }

    /** The last candidate is sent last, so it is there as long as any of its request's. */
    @Test
    void theEventOfTheLastCandidateStandsForItsRequest() {
        assertThat(stage.isLastOfRequest(Examples.drawn("a", Examples.MODEL, 511))).isFalse();
        assertThat(stage.isLastOfRequest(Examples.drawn("a", Examples.MODEL, 512))).isTrue();
    }
}
