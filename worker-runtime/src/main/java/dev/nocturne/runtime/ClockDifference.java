package dev.nocturne.runtime;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/**
 * Tells a wrong clock from a wrong key: S3 refuses both alike, since a signature holds for a
 * quarter of an hour.
 */
final class ClockDifference {

    /** Stores allow at least as much. */
    private static final Duration ALLOWED = Duration.ofMinutes(5);

    private ClockDifference() {}

    /**
     * @param date an answer's header {@code Date} (RFC 9110); null if it has none
     * @param now by this machine's clock
     * @return what is wrong and what to do; empty if the clocks agree, or the store's is not known
     */
    static Optional<String> describe(String date, Instant now) {
        if (date == null) {
            return Optional.empty();
        }
        try {
            Instant theirs = DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from);
            Duration ahead = Duration.between(theirs, now);
            if (ahead.abs().compareTo(ALLOWED) <= 0) {
                return Optional.empty();
            }
            return Optional.of(
                    "the clock of this machine is %d minutes %s the store's: set one of them right"
                            .formatted(
                                    ahead.abs().toMinutes(),
                                    ahead.isNegative() ? "behind" : "ahead of"));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
