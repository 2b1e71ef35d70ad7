package dev.nocturne.ingest.result;

import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.StageRunner;
import dev.nocturne.runtime.registry.RegistryFraming;
import dev.nocturne.runtime.registry.RegistrySettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Writes {@code results.avro}, if that is set; else it does nothing. */
public final class RegistryResults implements Service {

    private final Optional<StageRunner<?>> runner;

    public RegistryResults(KafkaSettings kafka, RegistrySettings registry, MeterRegistry meters) {
        runner =
                registry.url()
                        .filter(url -> registry.results())
                        .map(url -> new RegistryResultStage(kafka, new RegistryFraming(url)))
                        .map(stage -> new StageRunner<>(stage, kafka, meters, Clock.systemUTC()));
    }

    @Override
    public void start() {
        runner.ifPresent(StageRunner::start);
    }

    /** Always ready: while the registry is away, all else of this process goes on. */
    @Override
    public Health health() {
        return runner.map(StageRunner::health)
                .map(health -> new Health(health.live(), true, health.message()))
                .orElse(new Health(true, true, ""));
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return runner.map(StageRunner::failure).orElseGet(CompletableFuture::new);
    }

    @Override
    public void close() {
        runner.ifPresent(StageRunner::close);
    }
}
