package dev.nocturne.decoder;

import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.ReasonCodes;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.ToIntFunction;

/** What both stages do with the grids of their events. */
final class Grids {

    private Grids() {}

    /** A grid that every model can read. */
    static TokenGrid blank(int gridSize) {
        return new TokenGrid(gridSize, gridSize, new int[gridSize * gridSize]);
    }

    /** The most events, from the first on, that have together at most so many; at least one. */
    static <I> int take(List<I> waiting, int mostGrids, ToIntFunction<I> grids) {
        int taken = 1;
        int total = grids.applyAsInt(waiting.get(0));
        while (taken < waiting.size()) {
            total += grids.applyAsInt(waiting.get(taken));
            if (total > mostGrids) {
                break;
            }
            taken++;
        }
        return taken;
    }

    /**
     * @throws PermanentException ({@code malformed_event}) if the bytes are no grid of that size
     */
    static TokenGrid grid(int height, int width, ByteBuffer tokens) {
        try {
            return TokenGrid.fromBytes(height, width, EventCodec.bytes(tokens));
        } catch (IllegalArgumentException e) {
            throw new PermanentException(ReasonCodes.MALFORMED_EVENT, e.getMessage(), e);
        }
    }
}
