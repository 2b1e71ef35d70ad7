package dev.nocturne.ingest.rest;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What of an object a request gets, by its conditions and its range: RFC 9110, sections 13.2.2 and
 * 14. A condition that cannot be read is none, and so is a range; of several ranges the object
 * comes whole, as the RFC allows.
 *
 * @param status 200, 206 with a part, 304, 412, or 416
 * @param from 0-based
 */
record Selection(int status, long from, long length) {

    private static final Pattern TAG = Pattern.compile("(?:W/)?(\"[^\"]*\")");
    private static final Pattern RANGE =
            Pattern.compile("(?i)bytes\\s*=\\s*(\\d{0,18})\\s*-\\s*(\\d{0,18})\\s*");

    /**
     * The value of the header {@code Content-Range} for a part.
     *
     * @param bytes of the whole
     */
    String contentRange(long bytes) {
        return "bytes %d-%d/%d".formatted(from, from + length - 1, bytes);
    }

    /**
     * @param header the value of a request's header, or null
     * @param etag strong, with its quotes; null if the object has none
     */
    static Selection of(
            UnaryOperator<String> header,
            boolean isHead,
            long bytes,
            String etag,
            Instant modifiedAt) {
        Instant modified = modifiedAt.truncatedTo(ChronoUnit.SECONDS); // as the header tells it
        int refusal = refusal(header, etag, modified);
        if (refusal != 0) {
            return new Selection(refusal, 0, 0);
        }
        Selection whole = new Selection(200, 0, bytes);
        String range = header.apply("Range");
        return isHead || range == null || !isCurrent(header.apply("If-Range"), etag, modified)
                ? whole
                : part(range, bytes, whole);
    }

    /** 0 if there is none. */
    private static int refusal(UnaryOperator<String> header, String etag, Instant modified) {
        String ifMatch = header.apply("If-Match");
        Instant unmodifiedSince = date(header.apply("If-Unmodified-Since"));
        if (ifMatch != null) {
            if (!names(ifMatch, etag, false)) {
                return 412;
            }
        } else if (unmodifiedSince != null && modified.isAfter(unmodifiedSince)) {
            return 412;
        }
        String ifNoneMatch = header.apply("If-None-Match");
        Instant modifiedSince = date(header.apply("If-Modified-Since"));
        if (ifNoneMatch != null) {
            return names(ifNoneMatch, etag, true) ? 304 : 0;
        }
        return modifiedSince != null && !modified.isAfter(modifiedSince) ? 304 : 0;
    }

    /**
     * @param weakToo a proxy that packs an answer makes its tag weak
     */
    private static boolean names(String tags, String etag, boolean weakToo) {
        if (tags.strip().equals("*")) {
            return true;
        }
        Matcher tag = TAG.matcher(tags);
        while (tag.find()) {
            if (tag.group(1).equals(etag) && (weakToo || !tag.group().startsWith("W/"))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isCurrent(String ifRange, String etag, Instant modified) {
        if (ifRange == null) {
            return true;
        }
        String condition = ifRange.strip();
        return condition.startsWith("\"")
                ? condition.equals(etag)
                : modified.equals(date(condition));
    }

    private static Selection part(String range, long bytes, Selection whole) {
        Matcher parts = RANGE.matcher(range.strip());
        if (!parts.matches()) {
            return whole;
        }
        String first = parts.group(1);
        String last = parts.group(2);
        if (first.isEmpty() && last.isEmpty()) {
            return whole;
        }
        if (first.isEmpty()) {
            long length = Math.min(Long.parseLong(last), bytes);
            return length == 0
                    ? new Selection(416, 0, 0)
                    : new Selection(206, bytes - length, length);
        }
        long from = Long.parseLong(first);
        long to = last.isEmpty() ? bytes - 1 : Math.min(Long.parseLong(last), bytes - 1);
        if (!last.isEmpty() && Long.parseLong(last) < from) {
            return whole;
        }
        return from >= bytes ? new Selection(416, 0, 0) : new Selection(206, from, to - from + 1);
    }

    /** Null if it is none. */
    private static Instant date(String text) {
        try {
            return text == null
                    ? null
                    : DateTimeFormatter.RFC_1123_DATE_TIME.parse(text.strip(), Instant::from);
        } catch (DateTimeException e) {
            return null;
        }
    }
}
