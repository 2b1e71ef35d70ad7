package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.IngestException;
import java.io.IOException;
import java.io.InputStream;

/** A body that must be JSON, whatever its media type says. */
final class JsonBody {

    private static final ObjectMapper JSON = new ObjectMapper();

    private JsonBody() {}

    /**
     * @throws IngestException INVALID
     */
    static JsonNode read(InputStream body) throws IOException {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw IngestException.invalid(
                    null,
                    "the body is not JSON (%s): send a JSON object"
                            .formatted(e.getOriginalMessage()));
        }
    }
}
