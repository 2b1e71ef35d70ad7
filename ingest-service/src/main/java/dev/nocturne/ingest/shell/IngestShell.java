package dev.nocturne.ingest.shell;

import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.result.RegistryResults;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.runtime.telemetry.Telemetry;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.jboss.logging.Logger;

/** The ingest service as a process of its own: configuration, lifecycle, health. */
@ApplicationScoped
class IngestShell {

    private static final Logger LOG = Logger.getLogger(IngestShell.class);

    @Produces
    @Singleton
    IngestService ingest(IngestConfig config, MeterRegistry meters) {
        ObjectStoreSettings store = ObjectStoreSettings.of(config.s3());
        LOG.infof("Kafka at %s, objects at %s", config.kafka().bootstrapServers(), store);
        WebhookSettings webhooks =
                new WebhookSettings(
                        config.webhook().url().orElse(null),
                        config.webhook().secret().orElse(null));
        IngestLimits limits =
                IngestLimits.parse(
                                config.maxWaitingCandidates().orElse(null),
                                config.minFreeBytes().orElse(null),
                                config.fileRetention().orElse(null),
                                config.jobRetention().orElse(null),
                                config.logRetention().orElse(null),
                                List.of(Spool.folder().path()))
                        .withState(config.ingest().stateDir().orElseGet(Spool::state));
        LOG.info(limits);
        return new IngestService(
                KafkaSettings.of(config.kafka()),
                store,
                webhooks,
                registry(config),
                limits,
                Spool.folder(),
                meters);
    }

    @Produces
    @Singleton
    IngestApi api(IngestService ingest) {
        return ingest.api();
    }

    @Produces
    @Singleton
    RegistryResults registryResults(IngestConfig config, MeterRegistry meters) {
        LOG.infof("schema registry: %s", registry(config));
        return new RegistryResults(KafkaSettings.of(config.kafka()), registry(config), meters);
    }

    private static RegistrySettings registry(IngestConfig config) {
        return RegistrySettings.parse(
                config.schemaRegistry().url().orElse(null),
                config.schemaRegistry().results().orElse(null));
    }

    void start(
            @Observes StartupEvent event, IngestService ingest, RegistryResults registryResults) {
        Telemetry.start("ingest-service");
        for (Service service : List.of(ingest, registryResults)) {
            service.failure().thenRun(() -> Quarkus.asyncExit(1));
            service.start();
        }
    }

    void stop(
            @Observes ShutdownEvent event, IngestService ingest, RegistryResults registryResults) {
        registryResults.close();
        ingest.close();
        Spool.close();
        Telemetry.stop();
    }

    /** On an event loop: threads that wait for slow callers are not missed here. */
    @Produces
    @Liveness
    AsyncHealthCheck live(IngestService ingest, RegistryResults registryResults) {
        return () ->
                Uni.createFrom()
                        .item(() -> health(ingest, registryResults))
                        .map(health -> response(health, health.live()));
    }

    @Produces
    @Readiness
    AsyncHealthCheck ready(IngestService ingest, RegistryResults registryResults) {
        return () ->
                Uni.createFrom()
                        .item(() -> health(ingest, registryResults))
                        .map(health -> response(health, health.ready()));
    }

    private static Health health(IngestService ingest, RegistryResults registryResults) {
        return Health.all(List.of(ingest.health(), registryResults.health()));
    }

    private static HealthCheckResponse response(Health health, boolean up) {
        return HealthCheckResponse.named("ingest")
                .status(up)
                .withData("message", health.message())
                .build();
    }
}
