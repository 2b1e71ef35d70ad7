package dev.nocturne.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.schemas.Limits;
import java.util.List;

/**
 * The body of a request to rank a job again.
 *
 * @param top pictures of each request; 0: as many as it has
 * @param rescore whether the candidates get new scores, from the CLIP that the workers have
 */
record RerankRequest(int top, boolean rescore) {

    private static final List<String> FIELDS = List.of("top", "rescore");

    /**
     * @throws IngestException INVALID
     */
    static RerankRequest parse(JsonNode json) {
        if (!(json instanceof ObjectNode body)) {
            throw IngestException.invalid(null, "the body is not an object: send a JSON object");
        }
        body.fieldNames()
                .forEachRemaining(
                        name ->
                                require(
                                        FIELDS.contains(name),
                                        JobParser.excerpt(name),
                                        "unknown field '%s': known are %s"
                                                .formatted(
                                                        JobParser.excerpt(name),
                                                        String.join(", ", FIELDS))));
        JsonNode rescore = body.path("rescore");
        require(
                !body.hasNonNull("rescore") || rescore.isBoolean(),
                "rescore",
                "rescore is %s: must be true or false"
                        .formatted(JobParser.excerpt(rescore.toString())));
        JsonNode top = body.path("top");
        require(
                body.hasNonNull("top") || rescore.booleanValue(),
                "top",
                "top is missing: say how many pictures, 1 to %d, or send rescore with true"
                        .formatted(Limits.MAX_TOP));
        boolean inRange = top.isInt() && top.intValue() >= 1 && top.intValue() <= Limits.MAX_TOP;
        require(
                !body.hasNonNull("top") || inRange,
                "top",
                "top is %s: must be 1 to %d"
                        .formatted(JobParser.excerpt(top.toString()), Limits.MAX_TOP));
        return new RerankRequest(top.asInt(0), rescore.booleanValue());
    }

    private static void require(boolean holds, String param, String message) {
        if (!holds) {
            throw IngestException.invalid(param, message);
        }
    }

    /** Pictures of a request that has so many. */
    int top(int before) {
        return top == 0 ? before : top;
    }
}
