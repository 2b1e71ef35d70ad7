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

    /** Of one GridsDrawn; keeps the record far below Kafka's limit. */
    public static final int MAX_BATCH = 64;

    /**
     * @param model directory of a model bundle
     * @param batch candidates in a decode batch
     * @throws IllegalArgumentException if the batch is not 1 to {@link #MAX_BATCH}
     */
    public GeneratorService(KafkaSettings kafka, Path model, int batch, MeterRegistry meters) {
        if (batch < 1 || batch > MAX_BATCH) {
            throw new IllegalArgumentException(
                    "nocturne.generator.batch is %d: must be 1 to %d".formatted(batch, MAX_BATCH));
        }
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
