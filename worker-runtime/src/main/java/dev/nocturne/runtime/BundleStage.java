package dev.nocturne.runtime;

import java.util.List;
import org.apache.avro.specific.SpecificRecord;

/**
 * A stage that works with a model bundle, and can use events only that were made with the same one.
 * A {@link BundleGuard} sees to it. What is asked here is answered on the work thread.
 */
public interface BundleStage<I extends SpecificRecord> extends Stage<I> {

    /** Id of the bundle that it has opened. */
    String bundle();

    /**
     * Pixels along each side of its pictures, its own size first; none: not known to this stage.
     */
    default List<Integer> sizes() {
        return List.of();
    }

    /** Id of the bundle that made the event; null if the event does not say it. */
    String madeBy(I event);

    /**
     * Of several events of one request that are published together and in this order, the last: it
     * stands for all, for no other is left where it is gone.
     */
    default boolean isLastOfRequest(I event) {
        return true;
    }
}
