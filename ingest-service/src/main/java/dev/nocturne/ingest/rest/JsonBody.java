package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Json;
import java.io.IOException;
import java.io.InputStream;

/** A body that must be JSON, whatever its media type says. */
final class JsonBody {

    /** As a line of a file; room for the largest image prompt. Read, it takes a multiple. */
    static final int MAX_BYTES = 2 << 20;

    private static final JsonMapper JSON = Json.strict().build();

    private JsonBody() {}

    /**
     * @throws IngestException INVALID or TOO_LARGE
     */
    static JsonNode read(InputStream body) throws IOException {
        byte[] bytes = body.readNBytes(MAX_BYTES + 1);
        if (bytes.length > MAX_BYTES) {
            throw IngestException.tooLarge(
                    null,
                    "the body has more than %d bytes: send a smaller image_prompt"
                            .formatted(MAX_BYTES));
        }
        try {
            return JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw IngestException.invalid(
                    null, "the body is not JSON (%s): send a JSON object".formatted(Json.fault(e)));
        }
    }
}
