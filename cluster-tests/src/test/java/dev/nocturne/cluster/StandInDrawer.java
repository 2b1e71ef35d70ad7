package dev.nocturne.cluster;

import dev.nocturne.generator.GridDrawer;
import dev.nocturne.models.Candidate;
import dev.nocturne.models.DrawnCandidate;
import dev.nocturne.models.TokenGrid;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** In place of the transformer: takes a fixed time and draws the same picture for everybody. */
record StandInDrawer(String model, Duration decodeBatch) implements GridDrawer {

    @Override
    public List<DrawnCandidate> draw(List<Candidate> candidates, BooleanSupplier keepGoing) {
        long end = System.nanoTime() + decodeBatch.toNanos();
        for (long left = decodeBatch.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        TokenGrid grid =
                new TokenGrid(
                        TinyModel.GRID, TinyModel.GRID, new int[TinyModel.GRID * TinyModel.GRID]);
        return candidates.stream().map(candidate -> new DrawnCandidate(grid, -1)).toList();
    }

    @Override
    public void close() {}
}
