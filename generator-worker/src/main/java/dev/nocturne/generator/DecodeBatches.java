package dev.nocturne.generator;

import dev.nocturne.events.GenerationRequested;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Packs the candidates of several requests into full decode batches. All sequences have the same
 * length, so candidates start and end together, and an unfilled place is lost.
 */
final class DecodeBatches {

    /**
     * A candidate to draw.
     *
     * @param task index of its request among those packed
     * @param candidate 0-based
     */
    record Place(int task, int candidate) {}

    /**
     * Requests are taken until this many decode batches are full, if that fills them better. More
     * would fill odd numbers of candidates better still, but an interactive request waits for them.
     */
    private static final int MOST_BATCHES = 2;

    private DecodeBatches() {}

    /**
     * How many of the waiting requests to take, from the first on: of the counts that give at most
     * two decode batches, the one that leaves the smallest share of places empty; the least of
     * equals, because its results are out first. A request too large for two batches goes alone.
     */
    static int take(List<GenerationRequested> waiting, int batchSize) {
        int best = 1;
        double bestFill = 0;
        int candidates = 0;
        for (int count = 1; count <= waiting.size(); count++) {
            candidates += waiting.get(count - 1).getOptions().getCandidates();
            int batches = (candidates + batchSize - 1) / batchSize;
            if (batches > MOST_BATCHES) {
                break;
            }
            double fill = (double) candidates / (batches * batchSize);
            if (fill > bestFill) {
                best = count;
                bestFill = fill;
            }
        }
        return best;
    }

    /**
     * How many of the waiting requests, from the first on, find room in the places that those taken
     * leave empty.
     */
    static int fill(
            List<GenerationRequested> taken, List<GenerationRequested> waiting, int batchSize) {
        int candidates = taken.stream().mapToInt(task -> task.getOptions().getCandidates()).sum();
        int empty = Math.floorMod(-candidates, batchSize);
        int count = 0;
        while (count < waiting.size() && waiting.get(count).getOptions().getCandidates() <= empty) {
            empty -= waiting.get(count).getOptions().getCandidates();
            count++;
        }
        return count;
    }

    /** Every candidate of every task, in order; all batches but the last are full. */
    static List<List<Place>> pack(List<GenerationRequested> tasks, int batchSize) {
        List<Place> places =
                IntStream.range(0, tasks.size())
                        .boxed()
                        .flatMap(
                                task ->
                                        IntStream.range(
                                                        0,
                                                        tasks.get(task)
                                                                .getOptions()
                                                                .getCandidates())
                                                .mapToObj(candidate -> new Place(task, candidate)))
                        .toList();
        List<List<Place>> batches = new ArrayList<>();
        for (int start = 0; start < places.size(); start += batchSize) {
            batches.add(places.subList(start, Math.min(start + batchSize, places.size())));
        }
        return batches;
    }
}
