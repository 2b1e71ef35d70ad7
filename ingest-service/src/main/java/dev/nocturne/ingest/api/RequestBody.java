package dev.nocturne.ingest.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import java.util.Collection;

/** The JSON object that a request of the API brings; each part is checked as it is read. */
record RequestBody(ObjectNode json) {

    /**
     * @param fields all that it may have
     * @throws IngestException INVALID
     */
    static RequestBody parse(JsonNode json, Collection<String> fields) {
        if (!(json instanceof ObjectNode body)) {
            throw IngestException.invalid(null, "the body is not an object: send a JSON object");
        }
        body.fieldNames()
                .forEachRemaining(
                        name ->
                                require(
                                        fields.contains(name),
                                        Excerpt.of(name),
                                        "unknown field '%s': known are %s"
                                                .formatted(
                                                        Excerpt.of(name),
                                                        String.join(", ", fields))));
        return new RequestBody(body);
    }

    /**
     * @throws IngestException INVALID unless it holds
     */
    static void require(boolean holds, String param, String message) {
        if (!holds) {
            throw IngestException.invalid(param, message);
        }
    }

    boolean has(String name) {
        return json.hasNonNull(name);
    }

    String text(String name) {
        JsonNode node = json.get(name);
        require(
                node != null && node.isTextual(),
                name,
                "%s is %s: must be a string"
                        .formatted(name, node == null ? "missing" : Excerpt.of(node.toString())));
        return node.textValue();
    }

    /** Null if it is not there. */
    String optional(String name) {
        return has(name) ? text(name) : null;
    }

    /** False if it is not there. */
    boolean flag(String name) {
        JsonNode node = json.path(name);
        require(
                !has(name) || node.isBoolean(),
                name,
                "%s is %s: must be true or false".formatted(name, Excerpt.of(node.toString())));
        return node.booleanValue();
    }
}
