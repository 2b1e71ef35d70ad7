package dev.nocturne.encoder;

import dev.nocturne.runtime.BundleGuard;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.StageRunner;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CompletionStage;

/** Validates captions and turns them into generation tasks. */
public final class EncoderService implements Service {

    private final StageRunner<?> runner;

    /**
     * @param model directory of a model bundle
     */
    public EncoderService(KafkaSettings kafka, Path model, MeterRegistry meters) {
        Clock clock = Clock.systemUTC();
        EncoderStage stage = new EncoderStage(() -> BundleCaptionEncoder.open(model), clock);
        runner =
                new StageRunner<>(BundleGuard.ofEncoder(stage, kafka, clock), kafka, meters, clock);
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
