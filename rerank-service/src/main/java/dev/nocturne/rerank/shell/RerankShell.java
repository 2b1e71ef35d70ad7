package dev.nocturne.rerank.shell;

import dev.nocturne.rerank.RerankService;
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

/** The rerank service as a process of its own: configuration, lifecycle, health. */
@ApplicationScoped
class RerankShell {

    private static final Logger LOG = Logger.getLogger(RerankShell.class);

    /** Before the route that answers. */
    private static final int EARLY = 100;

    @Produces
    @Singleton
    RerankService rerank(RerankConfig config, MeterRegistry meters) {
        KafkaSettings kafka = KafkaSettings.of(config.kafka());
        LOG.infof("Kafka at %s, state in %s", kafka.bootstrapServers(), config.rerank().stateDir());
        return new RerankService(kafka, config.rerank().stateDir(), meters);
    }

    void start(@Observes StartupEvent event, RerankService rerank) {
        Telemetry.start("rerank-service");
        rerank.failure().thenRun(() -> Quarkus.asyncExit(1));
        rerank.start();
    }

    void stop(@Observes ShutdownEvent event, RerankService rerank) {
        rerank.close();
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
    HealthCheck live(RerankService rerank) {
        return () -> response(rerank.health(), rerank.health().live());
    }

    @Produces
    @Readiness
    HealthCheck ready(RerankService rerank) {
        return () -> response(rerank.health(), rerank.health().ready());
    }

    private static HealthCheckResponse response(Health health, boolean up) {
        return HealthCheckResponse.named("rerank")
                .status(up)
                .withData("message", health.message())
                .build();
    }
}
