package dev.nocturne.cluster;

import dev.nocturne.generator.GridDrawer;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.Preview;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * In place of the transformer: takes its time, token after token, and draws the same picture for
 * everybody.
 *
 * @param decodeBatch how long a decode batch takes
 */
record StandInDrawer(String model, Supplier<Duration> decodeBatch) implements GridDrawer {

    private static final int TOKENS = TinyModel.GRID * TinyModel.GRID;

    StandInDrawer(String model, Duration decodeBatch) {
        this(model, () -> decodeBatch);
    }

    /** A candidate is to be seen when so much of it is drawn. */
    private record Sight(Preview preview, int index) {

        int position() {
            return TOKENS * (index + 1) / (preview.times() + 1);
        }
    }

    @Override
    public List<DrawnCandidate> draw(
            List<Candidate> candidates, List<Preview> previews, BooleanSupplier keepGoing) {
        long start = System.nanoTime();
        Duration whole = decodeBatch.get();
        previews.stream()
                .flatMap(
                        preview ->
                                IntStream.range(0, preview.times())
                                        .mapToObj(index -> new Sight(preview, index)))
                .sorted(Comparator.comparingInt(Sight::position))
                .forEach(
                        sight -> {
                            waitUntil(start, whole, sight.position());
                            sight.preview.viewer().see(sight.index, drawn(sight.position()));
                        });
        waitUntil(start, whole, TOKENS);
        TokenGrid grid = drawn(TOKENS).filledWith(0);
        return candidates.stream().map(candidate -> new DrawnCandidate(grid, -1)).toList();
    }

    private static void waitUntil(long startNanos, Duration whole, int position) {
        long end = startNanos + whole.toNanos() * position / TOKENS;
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private static PartialGrid drawn(int tokens) {
        int[] all = new int[TOKENS];
        Arrays.setAll(all, i -> i < tokens ? i % 7 : PrimedTokens.DRAWN);
        return new PartialGrid(TinyModel.GRID, TinyModel.GRID, all);
    }

    @Override
    public void close() {}
}
