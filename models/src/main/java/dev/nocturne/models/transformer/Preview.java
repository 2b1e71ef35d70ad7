package dev.nocturne.models.transformer;

import dev.nocturne.models.picture.PartialGrid;

/**
 * Somebody wants to see a candidate while it is drawn.
 *
 * @param candidate its index in the batch
 * @param times how often at most
 */
public record Preview(int candidate, int times, Viewer viewer) {

    /** Is called on a drawing thread, which waits. */
    public interface Viewer {
        /**
         * @param index 0-based; not called again with the same one
         */
        void see(int index, PartialGrid grid);
    }
}
