package dev.nocturne.models.transformer;

import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** When which candidates of a batch are shown while they are drawn. */
final class Previews {
    /** One candidate, shown once: for the how-manieth time, from 0, and to whom. */
    private record Sight(int candidate, int index, Preview.Viewer viewer) {}

    private final List<Candidate> batch;
    private final int gridSize;

    /** By the number of positions that are drawn then. */
    private final NavigableMap<Integer, List<Sight>> sights = new TreeMap<>();

    Previews(List<Candidate> batch, List<Preview> previews, int gridSize) {
        this.batch = batch;
        this.gridSize = gridSize;
        for (Preview preview : previews) {
            int[] primed = batch.get(preview.candidate()).primedTokens();
            int[] positions = PartialGrid.positions(gridSize, gridSize, primed, preview.times());
            for (int i = 0; i < positions.length; i++) {
                sights.computeIfAbsent(positions[i], position -> new ArrayList<>())
                        .add(new Sight(preview.candidate(), i, preview.viewer()));
            }
        }
    }

    /** Those of a part of a batch, whose candidates have indexes of their own there. */
    static List<Preview> of(int[] part, List<Preview> previews) {
        return previews.stream()
                .filter(preview -> Arrays.binarySearch(part, preview.candidate()) >= 0)
                .map(
                        preview ->
                                new Preview(
                                        Arrays.binarySearch(part, preview.candidate()),
                                        preview.times(),
                                        preview.viewer()))
                .toList();
    }

    /** The next number of drawn positions after {@code drawn} to stop at, at most {@code limit}. */
    int next(int limit, int drawn) {
        Integer due = sights.higherKey(drawn);
        int end = Math.min(limit, gridSize * gridSize);
        return due == null ? end : Math.min(due, end);
    }

    boolean areDueAt(int drawn) {
        return sights.containsKey(drawn);
    }

    /**
     * Shows what is due.
     *
     * @param position how many positions are drawn
     * @param drawn tokens {@code [batch, gridLength]}, as far as they are drawn
     */
    void show(int position, long[] drawn) {
        int length = gridSize * gridSize;
        for (Sight sight : sights.get(position)) {
            int[] primed = batch.get(sight.candidate).primedTokens();
            int[] tokens = new int[length];
            for (int i = 0; i < length; i++) {
                int given = i < primed.length ? primed[i] : PrimedTokens.DRAWN;
                tokens[i] =
                        i < position ? Math.toIntExact(drawn[sight.candidate * length + i]) : given;
            }
            sight.viewer.see(sight.index, new PartialGrid(gridSize, gridSize, tokens));
        }
    }
}
