package dev.nocturne.ingest.result;

import dev.nocturne.ingest.job.ResultIndex;
import dev.nocturne.runtime.RequestResult;
import java.util.Locale;

/**
 * Which requests of a job are wanted.
 *
 * @param status null: any
 * @param text part of the caption or the custom id, whatever the case; null: any
 */
public record RequestFilter(RequestResult.Status status, String text) {

    public boolean matches(ResultIndex.Place place) {
        return status == null || status.name().equals(place.status().name());
    }

    public boolean matches(RequestResult result) {
        return (status == null || status == result.status()) && containsText(result);
    }

    private boolean containsText(RequestResult result) {
        return text == null || contains(result.caption()) || contains(result.customId());
    }

    private boolean contains(String where) {
        return where != null
                && where.toLowerCase(Locale.ROOT).contains(text.toLowerCase(Locale.ROOT));
    }
}
