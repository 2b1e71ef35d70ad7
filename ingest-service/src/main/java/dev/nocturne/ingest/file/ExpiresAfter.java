package dev.nocturne.ingest.file;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.WholeNumbers;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long files are kept from their creation, in OpenAI's words {@code {"anchor": "created_at",
 * "seconds": 3600}}.
 */
public record ExpiresAfter(long seconds) {

    private static final String ANCHOR = "created_at";
    private static final int LEAST_SECONDS = 3_600;
    private static final int MOST_SECONDS = 30 * 24 * 3_600;

    /** Also 3600.0, as programs write whole numbers that are no integers to them. */
    private static final Pattern SECONDS = Pattern.compile("(\\d{1,9})(?:\\.0*)?");

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
        JsonNode seconds = node.path("seconds");
        return of(
                name,
                node.path("anchor").asText(null),
                seconds.asText(null),
                WholeNumbers.intOf(seconds));
    }

    /**
     * From the fields of a form.
     *
     * @return null if neither is there
     * @throws IngestException INVALID
     */
    public static ExpiresAfter parse(String name, String anchor, String seconds) {
        if (anchor == null && seconds == null) {
            return null;
        }
        Matcher number = SECONDS.matcher(seconds == null ? "" : seconds);
        return of(
                name,
                anchor,
                seconds,
                number.matches()
                        ? OptionalInt.of(Integer.parseInt(number.group(1)))
                        : OptionalInt.empty());
    }

    private static ExpiresAfter of(
            String name, String anchor, String said, OptionalInt secondsSaid) {
        int seconds = secondsSaid.orElse(0);
        if (!ANCHOR.equals(anchor) || seconds < LEAST_SECONDS || seconds > MOST_SECONDS) {
            throw misfit(name, "anchor %s, seconds %s".formatted(anchor, said));
        }
        return new ExpiresAfter(seconds);
    }

    private static IngestException misfit(String name, String found) {
        return IngestException.invalid(
                name,
                "%s is %s: must have the anchor '%s' and seconds from %d to %d"
                        .formatted(name, Excerpt.of(found), ANCHOR, LEAST_SECONDS, MOST_SECONDS));
    }
}
