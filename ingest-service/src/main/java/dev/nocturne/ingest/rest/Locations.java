package dev.nocturne.ingest.rest;

import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/** Where something new is, by the address that callers know, as addresses in bodies are. */
public class Locations {

    @ServerResponseFilter
    public void makePublic(ContainerResponseContext response, UriInfo uri) {
        URI location = response.getLocation();
        if (location == null) {
            return;
        }
        URI path = uri.getBaseUri().relativize(location);
        if (!path.isAbsolute()) {
            response.getHeaders()
                    .putSingle(
                            HttpHeaders.LOCATION,
                            URI.create(ApiUrl.of(uri) + path.toString().replaceFirst("^/", "")));
        }
    }
}
