package dev.nocturne.rerank;

import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.ScoredGrid;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The order of candidates: highest score first, equal scores by candidate index. A pure function of
 * the set of candidates, whatever order they arrived in.
 */
public final class Ranking {

    private static final Comparator<ScoredGrid> BY_CANDIDATE =
            Comparator.comparingInt(ScoredGrid::getCandidate);
    private static final Comparator<ScoredGrid> BEST_FIRST =
            Comparator.comparing(ScoredGrid::getScore, Comparator.reverseOrder())
                    .thenComparing(BY_CANDIDATE);

    private Ranking() {}

    /** The best {@code top} grids (all, if there are fewer), best first, ranks from 1. */
    public static List<RankedGrid> best(List<ScoredGrid> grids, int top) {
        List<ScoredGrid> ordered = grids.stream().sorted(BEST_FIRST).limit(top).toList();
        List<RankedGrid> ranked = new ArrayList<>(ordered.size());
        for (ScoredGrid grid : ordered) {
            ranked.add(
                    RankedGrid.newBuilder()
                            .setRank(ranked.size() + 1)
                            .setCandidate(grid.getCandidate())
                            .setSeed(grid.getSeed())
                            .setLogProbability(grid.getLogProbability())
                            .setScore(grid.getScore())
                            .setTokens(grid.getTokens())
                            .build());
        }
        return ranked;
    }

    /** Summed in candidate order, so that rounding does not depend on the order of arrival. */
    public static double meanScore(List<ScoredGrid> grids) {
        return grids.stream()
                .sorted(BY_CANDIDATE)
                .mapToDouble(ScoredGrid::getScore)
                .average()
                .orElseThrow();
    }
}
