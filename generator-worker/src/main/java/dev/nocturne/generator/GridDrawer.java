package dev.nocturne.generator;

import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.Preview;
import dev.nocturne.runtime.FatalException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Draws token grids, in decode batches of a fixed size. Belongs to one thread. */
public interface GridDrawer extends AutoCloseable {

    /**
     * The transformer of a model bundle.
     *
     * @throws FatalException if the bundle is missing or broken
     */
    static GridDrawer open(Path directory, int batchSize) {
        return BundleGridDrawer.open(directory, batchSize);
    }

    /** Id of the model bundle. */
    String model();

    /**
     * Draws one decode batch; a candidate does not depend on what else is in it.
     *
     * @param candidates at most one decode batch
     * @param previews of some of them, while they are drawn
     * @param keepGoing asked between chunks of positions; false ends it with an exception
     * @return in the order of the candidates
     */
    List<DrawnCandidate> draw(
            List<Candidate> candidates, List<Preview> previews, BooleanSupplier keepGoing);

    @Override
    void close();
}
