package dev.nocturne.generator;

import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.StageRunner;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CompletionStage;

/** Draws the candidates of every request. */
public final class GeneratorService implements Service {

    private final StageRunner<?> runner;

    /**
     * @param model directory of a model bundle
     * @param batch candidates in a decode batch, 1 to 64
     */
    public GeneratorService(KafkaSettings kafka, Path model, int batch, MeterRegistry meters) {
        GeneratorStage stage = new GeneratorStage(() -> BundleGridDrawer.open(model, batch), batch);
        runner = new StageRunner<>(stage, kafka, meters, Clock.systemUTC());
    }

    @Override
    public void start() {
        runner.start();
    }

    @Override
    public Health health() {
        return runner.health();
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return runner.failure();
    }

    @Override
    public void close() {
        runner.close();
    }
}
