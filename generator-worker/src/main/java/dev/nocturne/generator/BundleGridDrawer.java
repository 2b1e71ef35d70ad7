package dev.nocturne.generator;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Preview;
import dev.nocturne.runtime.FatalException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;

/** The transformer of a model bundle. */
final class BundleGridDrawer implements GridDrawer {

    private final String model;
    private final GridGenerator generator;

    private BundleGridDrawer(String model, GridGenerator generator) {
        this.model = model;
        this.generator = generator;
    }

    /**
     * @throws FatalException if the bundle is missing or broken
     */
    static GridDrawer open(Path directory, int batchSize) {
        try {
            ModelBundle bundle = ModelBundle.open(directory);
            return new BundleGridDrawer(bundle.id(), bundle.generator(batchSize));
        } catch (IOException e) {
            throw new FatalException(e.getMessage(), e);
        }
    }

    @Override
    public String model() {
        return model;
    }

    @Override
    public List<DrawnCandidate> draw(
            List<Candidate> candidates, List<Preview> previews, BooleanSupplier keepGoing) {
        return generator.draw(candidates, previews, keepGoing);
    }

    @Override
    public void close() {
        generator.close();
    }
}
