package dev.nocturne.ingest.shell;

import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.IngestService;
import dev.nocturne.ingest.WebhookSettings;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.PrintableLog;
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
        IngestConfig.S3 s3 = config.s3();
        ObjectStoreSettings store =
                new ObjectStoreSettings(
                        s3.endpoint(),
                        s3.region(),
                        ObjectStoreSettings.Keys.of(
                                s3.accessKey(), s3.secretKey(), s3.sessionToken()),
                        s3.caFile(),
                        s3.bucket(),
                        s3.prefix().orElse(""),
                        s3.publicEndpoint().orElse(s3.endpoint()));
        LOG.infof("Kafka at %s, objects at %s", config.kafka().bootstrapServers(), store);
        KafkaSettings kafka =
                new KafkaSettings(config.kafka().bootstrapServers(), config.kafka().overrides());
        WebhookSettings webhooks =
                new WebhookSettings(
                        config.webhook().url().orElse(null),
                        config.webhook().secret().orElse(null));
        IngestLimits limits =
                IngestLimits.parse(
                        config.maxWaitingCandidates().orElse(null),
                        config.minFreeBytes().orElse(null),
                        config.fileRetention().orElse(null),
                        List.of(Spool.folder().path()));
        LOG.info(limits);
        return new IngestService(kafka, store, webhooks, limits, Spool.folder(), meters);
    }

    void start(@Observes StartupEvent event, IngestService ingest) {
        PrintableLog.install();
        ingest.failure().thenRun(() -> Quarkus.asyncExit(1));
        ingest.start();
    }

    void stop(@Observes ShutdownEvent event, IngestService ingest) {
        ingest.close();
        Spool.close();
    }

    /** On an event loop: threads that wait for slow callers are not missed here. */
    @Produces
    @Liveness
    AsyncHealthCheck live(IngestService ingest) {
        return () -> Uni.createFrom().item(() -> response(ingest.health(), ingest.health().live()));
    }

    @Produces
    @Readiness
    AsyncHealthCheck ready(IngestService ingest) {
        return () ->
                Uni.createFrom().item(() -> response(ingest.health(), ingest.health().ready()));
    }

    private static HealthCheckResponse response(Health health, boolean up) {
        return HealthCheckResponse.named("ingest")
                .status(up)
                .withData("message", health.message())
                .build();
    }
}
