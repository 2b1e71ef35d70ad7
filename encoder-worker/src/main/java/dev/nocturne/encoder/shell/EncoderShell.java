package dev.nocturne.encoder.shell;

import dev.nocturne.encoder.EncoderService;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.OpenMetrics;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.runtime.telemetry.Telemetry;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.runtime.filters.Filters;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.jboss.logging.Logger;

/** The encoder as a process of its own: configuration, lifecycle, health. */
@ApplicationScoped
class EncoderShell {

    private static final Logger LOG = Logger.getLogger(EncoderShell.class);

    /** Before the route that answers. */
    private static final int EARLY = 100;

    @Produces
    @Singleton
    EncoderService encoder(EncoderConfig config, MeterRegistry meters) {
        KafkaSettings kafka = KafkaSettings.of(config.kafka());
        RegistrySettings registry =
                RegistrySettings.parse(config.schemaRegistry().url().orElse(null), null);
        ObjectStoreSettings store = ObjectStoreSettings.of(config.s3());
        LOG.infof(
                "Kafka at %s, object store %s, model %s, schema registry %s",
                kafka.bootstrapServers(), store, config.model(), registry);
        return new EncoderService(kafka, store, config.model(), registry, meters);
    }

    void start(@Observes StartupEvent event, EncoderService encoder) {
        Telemetry.start("encoder-worker");
        encoder.failure().thenRun(() -> Quarkus.asyncExit(1));
        encoder.start();
    }

    void stop(@Observes ShutdownEvent event, EncoderService encoder) {
        encoder.close();
        Telemetry.stop();
    }

    void letInScrapers(@Observes Filters filters) {
        filters.register(
                context -> {
                    if (OpenMetrics.isAlone(context.request().getHeader("Accept"))) {
                        context.request().headers().remove("Accept");
                    }
                    context.next();
                },
                EARLY);
    }

    @Produces
    @Liveness
    HealthCheck live(EncoderService encoder) {
        return () -> response(encoder.health(), encoder.health().live());
    }

    @Produces
    @Readiness
    HealthCheck ready(EncoderService encoder) {
        return () -> response(encoder.health(), encoder.health().ready());
    }

    private static HealthCheckResponse response(Health health, boolean up) {
        return HealthCheckResponse.named("encoder")
                .status(up)
                .withData("message", health.message())
                .build();
    }
}
