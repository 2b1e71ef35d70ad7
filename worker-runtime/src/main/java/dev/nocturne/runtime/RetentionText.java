package dev.nocturne.runtime;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How operators write how long something is kept: days, hours or minutes, as {@code 30d}. */
public final class RetentionText {

    private static final Pattern DURATION = Pattern.compile("(\\d{1,6})([dhm])");

    private RetentionText() {}

    /** Empty if it is none, or nothing at all. */
    public static Optional<Duration> parse(String text) {
        Matcher duration = DURATION.matcher(text);
        if (!duration.matches() || Long.parseLong(duration.group(1)) == 0) {
            return Optional.empty();
        }
        long count = Long.parseLong(duration.group(1));
        return Optional.of(
                switch (duration.group(2)) {
                    case "d" -> Duration.ofDays(count);
                    case "h" -> Duration.ofHours(count);
                    default -> Duration.ofMinutes(count);
                });
    }
}
