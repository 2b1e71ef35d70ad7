package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import java.util.List;
import java.util.function.Function;

/** A page of a list, in the form of OpenAI's API. */
@JsonNaming(SnakeCaseStrategy.class)
record Page<T>(String object, List<T> data, String firstId, String lastId, boolean hasMore) {

    /**
     * @param limit what the caller asked for
     * @param oneMore the items, and one more than asked for if there are more
     */
    static <T> Page<T> of(List<T> oneMore, int limit, Function<T, String> id) {
        List<T> data = oneMore.subList(0, Math.min(limit, oneMore.size()));
        return new Page<>(
                "list",
                data,
                data.isEmpty() ? null : id.apply(data.get(0)),
                data.isEmpty() ? null : id.apply(data.get(data.size() - 1)),
                oneMore.size() > limit);
    }

    /**
     * Whether {@code order} asks for the oldest first.
     *
     * @throws IngestException INVALID
     */
    static boolean oldestFirst(String order) {
        if (order == null || order.equals("desc")) {
            return false;
        }
        if (order.equals("asc")) {
            return true;
        }
        throw IngestException.invalid(
                "order", "order is '%s': must be asc or desc".formatted(Excerpt.of(order)));
    }

    /**
     * @throws IngestException INVALID
     */
    static int limit(String text, int whenAbsent, int most) {
        if (text == null) {
            return whenAbsent;
        }
        try {
            int limit = Integer.parseInt(text);
            if (limit >= 1 && limit <= most) {
                return limit;
            }
        } catch (NumberFormatException e) {
            // no number at all is as wrong as a wrong one
        }
        throw IngestException.invalid(
                "limit", "limit is '%s': must be 1 to %d".formatted(text, most));
    }
}
