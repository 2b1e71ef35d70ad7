package dev.nocturne.generator;

import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.Preview;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/**
 * Tells how far the drawing is.
 *
 * @param drawn told after each decode batch how many candidates it drew
 */
public record CountingDrawer(GridDrawer drawer, IntConsumer drawn) implements GridDrawer {

    @Override
    public String model() {
        return drawer.model();
    }

    @Override
    public List<DrawnCandidate> draw(
            List<Candidate> candidates, List<Preview> previews, BooleanSupplier keepGoing) {
        List<DrawnCandidate> done = drawer.draw(candidates, previews, keepGoing);
        drawn.accept(done.size());
        return done;
    }

    @Override
    public void close() {
        drawer.close();
    }
}
