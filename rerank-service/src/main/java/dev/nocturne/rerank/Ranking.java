package dev.nocturne.rerank;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.PackedTokens;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * The order of candidates: highest score first, or the likeliest where the model has no CLIP and
 * none has a score; equals by candidate index. Of candidates with the same tokens, which are the
 * same picture, the others come after all that differ. A pure function of the set of candidates,
 * whatever order they arrived in.
 */
public final class Ranking {

    private static final Comparator<ScoredGrid> BY_CANDIDATE =
            Comparator.comparingInt(ScoredGrid::getCandidate);
    private static final Comparator<ScoredGrid> BEST_FIRST =
            Comparator.comparingDouble(Ranking::merit).reversed().thenComparing(BY_CANDIDATE);

    private Ranking() {}

    /**
     * The ranking of a request whose candidates are all in.
     *
     * @param event any of those that brought them: they agree in all but their grids
     */
    public static CandidatesRanked of(GridsScored event, List<ScoredGrid> candidates) {
        List<RankedGrid> ranking = best(candidates, candidates.size());
        int winners = Math.min(event.getOptions().getTop(), ranking.size());
        List<RankedGrid> others = ranking.subList(winners, ranking.size());
        return CandidatesRanked.newBuilder()
                .setRequest(event.getRequest())
                .setModel(event.getModel())
                .setGridHeight(event.getGridHeight())
                .setGridWidth(event.getGridWidth())
                .setWinners(ranking.subList(0, winners))
                .setMeanScore(meanScore(candidates))
                .setOptions(event.getOptions())
                .setOthers(others.stream().map(Ranking::withoutTokens).toList())
                .setOtherTokens(
                        PackedTokens.packWithin(
                                others.stream().map(RankedGrid::getTokens).toList(),
                                Limits.MAX_TOKEN_BYTES - winners * tokenBytes(ranking.get(0))))
                .build();
    }

    private static double merit(ScoredGrid grid) {
        return grid.getScore() == null ? grid.getLogProbability() : grid.getScore();
    }

    private static OtherCandidate withoutTokens(RankedGrid grid) {
        return new OtherCandidate(
                grid.getCandidate(), grid.getSeed(), grid.getLogProbability(), grid.getScore());
    }

    private static int tokenBytes(RankedGrid grid) {
        return grid.getTokens().remaining();
    }

    /** The first {@code top} grids of that order (all, if there are fewer), ranks from 1. */
    static List<RankedGrid> best(List<ScoredGrid> grids, int top) {
        List<ScoredGrid> ordered = new ArrayList<>();
        List<ScoredGrid> repeated = new ArrayList<>();
        Set<ByteBuffer> seen = new HashSet<>();
        grids.stream()
                .sorted(BEST_FIRST)
                .forEach(grid -> (seen.add(grid.getTokens()) ? ordered : repeated).add(grid));
        ordered.addAll(repeated);
        List<RankedGrid> ranked = new ArrayList<>();
        for (ScoredGrid grid : ordered.subList(0, Math.min(top, ordered.size()))) {
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

    /**
     * Summed in candidate order, so that rounding does not depend on the order of arrival; null
     * where none has a score.
     */
    static Double meanScore(List<ScoredGrid> grids) {
        OptionalDouble mean =
                grids.stream()
                        .sorted(BY_CANDIDATE)
                        .map(ScoredGrid::getScore)
                        .filter(Objects::nonNull)
                        .mapToDouble(Float::doubleValue)
                        .average();
        return mean.isPresent() ? mean.getAsDouble() : null;
    }
}
