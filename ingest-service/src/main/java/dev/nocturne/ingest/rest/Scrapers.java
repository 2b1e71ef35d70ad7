package dev.nocturne.ingest.rest;

import dev.nocturne.runtime.OpenMetrics;
import io.quarkus.vertx.http.runtime.filters.Filters;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/** Lets in those that take metrics in one format only. */
@ApplicationScoped
class Scrapers {

    /** Before the route that answers. */
    private static final int EARLY = 100;

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
