package dev.nocturne.decoder.shell;

import dev.nocturne.decoder.DecoderService;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.OpenMetrics;
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

/** The decoder as a process of its own: configuration, lifecycle, health. */
@ApplicationScoped
class DecoderShell {

    private static final Logger LOG = Logger.getLogger(DecoderShell.class);

    /** Before the route that answers. */
    private static final int EARLY = 100;

    @Produces
    @Singleton
    DecoderService decoder(DecoderConfig config, MeterRegistry meters) {
        KafkaSettings kafka = KafkaSettings.of(config.kafka());
        ObjectStoreSettings store = ObjectStoreSettings.of(config.s3());
        LOG.infof(
                "Kafka at %s, object store %s, model %s",
                kafka.bootstrapServers(), store, config.model());
        return new DecoderService(kafka, store, config.model(), meters);
    }

    void start(@Observes StartupEvent event, DecoderService decoder) {
        Telemetry.start("decoder-worker");
        decoder.failure().thenRun(() -> Quarkus.asyncExit(1));
        decoder.start();
    }

    void stop(@Observes ShutdownEvent event, DecoderService decoder) {
        decoder.close();
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
    HealthCheck live(DecoderService decoder) {
        return () -> response(decoder.health(), decoder.health().live());
    }

    @Produces
    @Readiness
    HealthCheck ready(DecoderService decoder) {
        return () -> response(decoder.health(), decoder.health().ready());
    }

    private static HealthCheckResponse response(Health health, boolean up) {
        return HealthCheckResponse.named("decoder")
                .status(up)
                .withData("message", health.message())
                .build();
    }
}
