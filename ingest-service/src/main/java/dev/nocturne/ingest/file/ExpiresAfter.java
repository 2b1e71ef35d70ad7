package dev.nocturne.ingest.file;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;

/**
 * How long files are kept from their creation, in OpenAI's words {@code {"anchor": "created_at",
 * "seconds": 3600}}.
 */
public record ExpiresAfter(long seconds) {

    private static final String ANCHOR = "created_at";
    private static final long LEAST_SECONDS = 3_600;
    private static final long MOST_SECONDS = 30 * 24 * 3_600;

    /**
     * From the field of a body.
     *
     * @return null if it is not there
     * @throws IngestException INVALID
     */
    public static ExpiresAfter parse(String name, JsonNode node) {
        if (node == null || node.isNull()) {
            return null;
        }
        if (!node.isObject()) {
            throw misfit(name, node.toString());
        }
        node.fieldNames()
                .forEachRemaining(
                        field -> {
                            if (!field.equals("anchor") && !field.equals("seconds")) {
                                throw misfit(name, node.toString());
                            }
                        });
        return of(name, node.path("anchor").asText(null), node.path("seconds").asText(null));
    }

    /**
     * From the fields of a form.
     *
     * @return null if neither is there
     * @throws IngestException INVALID
     */
    public static ExpiresAfter parse(String name, String anchor, String seconds) {
        return anchor == null && seconds == null ? null : of(name, anchor, seconds);
    }

    private static ExpiresAfter of(String name, String anchor, String seconds) {
        boolean isNumber = seconds != null && seconds.matches("\\d{1,9}");
        if (!ANCHOR.equals(anchor)
                || !isNumber
                || Long.parseLong(seconds) < LEAST_SECONDS
                || Long.parseLong(seconds) > MOST_SECONDS) {
            throw misfit(name, "anchor %s, seconds %s".formatted(anchor, seconds));
        }
        return new ExpiresAfter(Long.parseLong(seconds));
    }

    private static IngestException misfit(String name, String found) {
        return IngestException.invalid(
                name,
                "%s is %s: must have the anchor '%s' and seconds from %d to %d"
                        .formatted(name, Excerpt.of(found), ANCHOR, LEAST_SECONDS, MOST_SECONDS));
    }
}
