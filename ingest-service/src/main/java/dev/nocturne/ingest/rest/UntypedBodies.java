package dev.nocturne.ingest.rest;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.ws.rs.core.MediaType;
import java.util.Set;

/**
 * A body that comes without a type is bytes (RFC 9110, 8.3). Where forms are taken, too, the routes
 * would take it for one.
 */
@ApplicationScoped
class UntypedBodies {

    private static final Set<String> PATHS = Set.of("/v1/jobs", "/v1/captions/check");

    /** Before the routes. */
    private static final int EARLY = 10;

    void name(@Observes Filters filters) {
        filters.register(
                context -> {
                    MultiMap headers = context.request().headers();
                    if (PATHS.contains(context.normalizedPath())
                            && !headers.contains(HttpHeaders.CONTENT_TYPE)) {
                        headers.set(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_OCTET_STREAM);
                    }
                    context.next();
                },
                EARLY);
    }
}
