package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.ingest.api.IngestApi;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.ZoneId;
import java.util.List;
import java.util.stream.Collectors;

/** The description of this API, for people and generators of clients. */
@Path("/v1/openapi.json")
public class OpenApiResource {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> IMAGE_REQUESTS =
            List.of("ImageRequest", "ImageEdit", "ImageVariation");

    private static final String TIME = "([01][0-9]|2[0-3]):[0-5][0-9]";

    /** Two times that differ, and a time zone that this machine knows. */
    private static final String WINDOW =
            "^(?!(..:..)-\\1 )%s-%s (%s)$"
                    .formatted(
                            TIME,
                            TIME,
                            ZoneId.getAvailableZoneIds().stream()
                                    .sorted()
                                    .map(zone -> zone.replace("+", "\\+"))
                                    .collect(Collectors.joining("|")));

    private final IngestApi api;

    public OpenApiResource(IngestApi api) {
        this.api = api;
    }

    /**
     * With what only a running service knows: the address by which callers find the API, the time
     * zones, and the sizes of the model that is at work, if it is known.
     */
    @GET
    @Produces(MediaType.APPLICATION_JSON)
    public JsonNode document(@Context UriInfo uri) {
        ObjectNode document = read();
        String url = ApiUrl.of(uri);
        document.putArray("servers").addObject().put("url", url.substring(0, url.length() - 1));
        document.withObject("/components/schemas/Window").put("pattern", WINDOW);
        List<String> sizes = api.sizes();
        for (String schema : sizes.isEmpty() ? List.<String>of() : IMAGE_REQUESTS) {
            JsonNode size = document.at("/components/schemas/%s/properties/size".formatted(schema));
            JsonNode text = size.has("anyOf") ? size.at("/anyOf/0") : size; // the other is null
            sizes.forEach(((ObjectNode) text).withArray("enum")::add);
        }
        return document;
    }

    static ObjectNode read() {
        try (InputStream in = OpenApiResource.class.getResourceAsStream("/openapi.json")) {
            return (ObjectNode) JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException("openapi.json cannot be read", e);
        }
    }
}
