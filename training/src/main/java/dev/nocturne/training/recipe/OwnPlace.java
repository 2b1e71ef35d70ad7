package dev.nocturne.training.recipe;

import dev.nocturne.training.dataset.DataOptions;
import dev.nocturne.training.dataset.Storage;

/** Pictures to learn from in place of the emoji art. */
public record OwnPlace(DataOptions data, Storage storage, LongCaptions longCaptions) {

    /** What becomes of captions that the model cannot read whole. */
    public enum LongCaptions {
        /** Their beginning is learned. */
        CUT,
        /** Training does not begin. */
        REFUSE
    }
}
