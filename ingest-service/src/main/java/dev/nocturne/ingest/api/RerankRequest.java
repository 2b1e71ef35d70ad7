package dev.nocturne.ingest.api;

import static dev.nocturne.ingest.api.RequestBody.require;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.WholeNumbers;
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
        RequestBody body = RequestBody.parse(json, FIELDS);
        boolean rescore = body.flag("rescore");
        JsonNode top = body.json().path("top");
        require(
                body.has("top") || rescore,
                "top",
                "top is missing: say how many pictures, 1 to %d, or send rescore with true"
                        .formatted(Limits.MAX_TOP));
        int number = WholeNumbers.intOf(top).orElse(0);
        boolean inRange = number >= 1 && number <= Limits.MAX_TOP;
        require(
                !body.has("top") || inRange,
                "top",
                "top is %s: must be 1 to %d".formatted(Excerpt.of(top.toString()), Limits.MAX_TOP));
        return new RerankRequest(number, rescore);
    }

    /** Pictures of a request that has so many. */
    int top(int before) {
        return top == 0 ? before : top;
    }
}
