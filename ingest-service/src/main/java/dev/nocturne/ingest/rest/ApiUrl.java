package dev.nocturne.ingest.rest;

import jakarta.ws.rs.core.UriInfo;

/** The address of this API, as the caller knows it. */
final class ApiUrl {

    private ApiUrl() {}

    /** Ends with a slash. */
    static String of(UriInfo uri) {
        String base = uri.getBaseUri().toString();
        return base.endsWith("/") ? base : base + "/";
    }
}
