package dev.nocturne.rerank;

import static dev.nocturne.rerank.ScoredGrids.grid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.ScoredGrid;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RankingTest {

    @Test
    void highestScoreFirstAndTiesByCandidate() {
        List<ScoredGrid> grids =
                List.of(grid(0, 0.1), grid(3, 0.5), grid(1, 0.5), grid(2, -0.2), grid(4, 0.9));

        assertThat(Ranking.best(grids, 4))
                .extracting(RankedGrid::getRank, RankedGrid::getCandidate)
                .containsExactly(tuple(1, 4), tuple(2, 1), tuple(3, 3), tuple(4, 0));
    }

    @Test
    void theLikeliestIsFirstWhereNoneHasAScore() {
        List<ScoredGrid> grids =
                List.of(unscored(0, -9.5), unscored(3, -7.25), unscored(1, -7.25), unscored(2, -8));

        assertThat(Ranking.best(grids, 3))
                .extracting(RankedGrid::getRank, RankedGrid::getCandidate)
                .containsExactly(tuple(1, 1), tuple(2, 3), tuple(3, 2));
        assertThat(Ranking.meanScore(grids)).isNull();
    }

    @Test
    void theSamePictureComesAgainAfterAllThatDiffer() {
        List<ScoredGrid> grids =
                List.of(
                        grid(0, 0.9),
                        sameAs(0, grid(1, 0.9)),
                        grid(2, 0.5),
                        sameAs(0, grid(3, 0.9)),
                        grid(4, 0.7),
                        sameAs(4, grid(5, 0.7)));

        assertThat(Ranking.best(grids, 6))
                .extracting(RankedGrid::getRank, RankedGrid::getCandidate)
                .containsExactly(
                        tuple(1, 0),
                        tuple(2, 4),
                        tuple(3, 2),
                        tuple(4, 1),
                        tuple(5, 3),
                        tuple(6, 5));
    }

    private static ScoredGrid sameAs(int candidate, ScoredGrid grid) {
        return ScoredGrid.newBuilder(grid).setTokens(grid(candidate, 0).getTokens()).build();
    }

    private static ScoredGrid unscored(int candidate, double logProbability) {
        return ScoredGrid.newBuilder(grid(candidate, 0))
                .setLogProbability(logProbability)
                .setScore(null)
                .build();
    }

    @Test
    void ranksAllWhenThereAreFewerThanTop() {
        assertThat(Ranking.best(List.of(grid(0, 0.1)), 64)).hasSize(1);
    }

    @Test
    void carriesTheCandidateOver() {
        RankedGrid winner = Ranking.best(List.of(grid(7, 0.25)), 1).get(0);

        assertThat(winner.getSeed()).isEqualTo(107);
        assertThat(winner.getScore()).isEqualTo(0.25f);
        assertThat(winner.getLogProbability()).isEqualTo(-7.5);
        assertThat(winner.getTokens()).isEqualTo(grid(7, 0.25).getTokens());
    }

    @Test
    void doesNotDependOnTheOrderOfArrival() {
        Random random = new Random(1);
        List<ScoredGrid> grids = new ArrayList<>();
        for (int candidate = 0; candidate < 512; candidate++) {
            grids.add(grid(candidate, random.nextInt(100) / 100.0 * Math.pow(2, -candidate % 40)));
        }
        List<RankedGrid> expected = Ranking.best(grids, 64);
        double mean = Ranking.meanScore(grids);

        for (int shuffle = 0; shuffle < 20; shuffle++) {
            Collections.shuffle(grids, random);
            assertThat(Ranking.best(grids, 64)).isEqualTo(expected);
            assertThat(Ranking.meanScore(grids)).isEqualTo(mean);
        }
    }
}
