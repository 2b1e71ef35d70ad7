package dev.nocturne.generator.shell;

import dev.nocturne.generator.GeneratorService;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
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

/** The generator as a process of its own: configuration, lifecycle, health. */
@ApplicationScoped
class GeneratorShell {

    private static final Logger LOG = Logger.getLogger(GeneratorShell.class);

    /** Before the route that answers. */
    private static final int EARLY = 100;

    @Produces
    @Singleton
    GeneratorService generator(GeneratorConfig config, MeterRegistry meters) {
        KafkaSettings kafka = KafkaSettings.of(config.kafka());
        int batch = config.generator().batch();
        LOG.infof(
                "Kafka at %s, model %s, decode batches of %d",
                kafka.bootstrapServers(), config.model(), batch);
        return new GeneratorService(kafka, config.model(), batch, meters);
    }

    void start(@Observes StartupEvent event, GeneratorService generator) {
        Telemetry.start("generator-worker");
        generator.failure().thenRun(() -> Quarkus.asyncExit(1));
        generator.start();
    }

    void stop(@Observes ShutdownEvent event, GeneratorService generator) {
        generator.close();
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
    HealthCheck live(GeneratorService generator) {
        return () -> response(generator.health(), generator.health().live());
    }

    @Produces
    @Readiness
    HealthCheck ready(GeneratorService generator) {
        return () -> response(generator.health(), generator.health().ready());
    }

    private static HealthCheckResponse response(Health health, boolean up) {
        return HealthCheckResponse.named("generator")
                .status(up)
                .withData("message", health.message())
                .build();
    }
}
