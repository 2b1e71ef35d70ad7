package dev.nocturne.ingest.rest;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.regex.Pattern;

/**
 * What a browser is told about every answer: scripts, styles, pictures and data come from here
 * alone, no text becomes a script, and no other site shows an answer, frames the page or holds on
 * to its window.
 */
@ApplicationScoped
class PageHeaders {

    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'; require-trusted-types-for 'script'";

    /** A job's contact pages bring their own style, and nothing that runs. */
    private static final Pattern CONTACT_PAGE =
            Pattern.compile("/v1/jobs/[^/]+/files/[^/]+\\.html");

    private static final String CONTACT_PAGE_POLICY =
            "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none';"
                    + " form-action 'none'; frame-ancestors 'none'";

    private static final int EARLY = 100;

    void register(@Observes Filters filters) {
        filters.register(PageHeaders::add, EARLY);
    }

    private static void add(RoutingContext context) {
        MultiMap headers = context.response().headers();
        String path = context.normalizedPath();
        headers.set(
                "Content-Security-Policy",
                CONTACT_PAGE.matcher(path).matches() ? CONTACT_PAGE_POLICY : POLICY);
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
        if (!path.startsWith("/v1/")) {
            headers.set("Cache-Control", "no-cache"); // a new version shows at once
        }
        context.next();
    }
}
