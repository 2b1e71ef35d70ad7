package dev.nocturne.ingest.rest;

import dev.nocturne.runtime.OpenMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.quarkus.vertx.http.runtime.filters.Filters;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/**
 * Lets in those that take metrics in one format only, and spares them what tells nobody anything.
 */
@ApplicationScoped
class Scrapers {

    /** Before the route that answers. */
    private static final int EARLY = 100;

    @Produces
    @Singleton
    MeterFilter withoutWorkerPools() {
        return MeterFilter.denyNameStartsWith("worker.pool");
    }

    void letIn(@Observes Filters filters) {
        filters.register(
                context -> {
                    if (OpenMetrics.isAlone(context.request().getHeader("Accept"))) {
                        context.request().headers().remove("Accept");
                    }
                    context.next();
                },
                EARLY);
    }
}
