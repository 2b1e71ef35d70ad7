package dev.nocturne.generator;

import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.runtime.BundleGuard;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.PreviewSender;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.StageRunner;
import dev.nocturne.runtime.StoppedJobs;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Draws the candidates of every request. */
public final class GeneratorService implements Service {

    private final StoppedJobs stoppedJobs;
    private final StageRunner<?> runner;
    private final PreviewSender<GridPartlyDrawn> partialGrids;

    /**
     * @param model directory of a model bundle
     * @param batch candidates in a decode batch, 1 to 64
     */
    public GeneratorService(KafkaSettings kafka, Path model, int batch, MeterRegistry meters) {
        this(kafka, () -> GridDrawer.open(model, batch), batch, meters);
    }

    /**
     * @param drawer opened, used and closed on one thread
     * @param batch candidates in a decode batch, 1 to 64
     */
    public GeneratorService(
            KafkaSettings kafka, Supplier<GridDrawer> drawer, int batch, MeterRegistry meters) {
        stoppedJobs = new StoppedJobs(kafka, meters);
        partialGrids = new PreviewSender<>(kafka, Topics.PARTIAL_GRIDS);
        GeneratorStage stage =
                new GeneratorStage(
                        drawer,
                        batch,
                        stoppedJobs::contains,
                        partial -> partialGrids.send(partial.getRequest(), partial));
        Clock clock = Clock.systemUTC();
        runner = new StageRunner<>(BundleGuard.of(stage, kafka, clock), kafka, meters, clock);
    }

    @Override
    public void start() {
        stoppedJobs.start();
        runner.start();
    }

    @Override
    public Health health() {
        return Health.all(List.of(runner.health(), stoppedJobs.health()));
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return runner.failure();
    }

    @Override
    public void close() {
        runner.close();
        stoppedJobs.close();
        partialGrids.close();
    }
}
