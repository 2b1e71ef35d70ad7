package dev.nocturne.models.transformer;

import java.util.List;
import java.util.function.BooleanSupplier;

/** One way to draw a batch. May be used by several threads at a time. */
interface DecodeLoop {
    /** Positions drawn between two looks at {@code keepGoing}. */
    int CHUNK = 32;

    /**
     * @param keepGoing asked after each chunk of positions
     * @throws CancelledException if {@code keepGoing} says no
     */
    List<DrawnCandidate> draw(DecodeBatch batch, BooleanSupplier keepGoing);

    /** Where to stop next: for a preview, or to ask whether to go on. */
    static int next(DecodeBatch batch, int drawn) {
        return batch.previews().next(drawn - drawn % CHUNK + CHUNK, drawn);
    }

    /** Ends the drawing if nobody wants the rest. */
    static void check(BooleanSupplier keepGoing) {
        if (!keepGoing.getAsBoolean()) {
            throw new CancelledException();
        }
    }
}
