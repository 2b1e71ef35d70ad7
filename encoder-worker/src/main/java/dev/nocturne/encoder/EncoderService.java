package dev.nocturne.encoder;

import dev.nocturne.runtime.BundleGuard;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.StageRunner;
import dev.nocturne.runtime.registry.RegistryFraming;
import dev.nocturne.runtime.registry.RegistrySettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Validates captions and turns them into generation tasks. */
public final class EncoderService implements Service {

    private final List<StageRunner<?>> runners = new ArrayList<>();
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();

    /**
     * @param model directory of a model bundle
     */
    public EncoderService(
            KafkaSettings kafka,
            ObjectStoreSettings store,
            Path model,
            RegistrySettings registry,
            MeterRegistry meters) {
        Clock clock = Clock.systemUTC();
        EncoderStage stage =
                EncoderStage.of(
                        model, () -> ObjectStore.open(store), registry.url().isPresent(), clock);
        runners.add(
                new StageRunner<>(
                        BundleGuard.ofEncoder(stage, kafka, clock), kafka, meters, clock));
        registry.url()
                .map(url -> new RegistryCaptionStage(new RegistryFraming(url)))
                .ifPresent(
                        captions -> runners.add(new StageRunner<>(captions, kafka, meters, clock)));
        runners.forEach(runner -> runner.failure().thenAccept(failure::complete));
    }

    @Override
    public void start() {
        runners.forEach(StageRunner::start);
    }

    @Override
    public Health health() {
        return Health.all(runners.stream().map(StageRunner::health).toList());
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return failure;
    }

    @Override
    public void close() {
        runners.forEach(StageRunner::close);
    }
}
