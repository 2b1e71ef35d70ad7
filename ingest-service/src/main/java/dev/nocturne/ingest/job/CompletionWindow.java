package dev.nocturne.ingest.job;

import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How long a job may take, as its submitter writes it. */
public final class CompletionWindow {

    /** Captions stay in Kafka for a week, see the topic catalogue. */
    public static final String LONGEST = "7d";

    private static final Pattern FORM = Pattern.compile("([1-9]\\d{0,5})([smhd])");

    private CompletionWindow() {}

    /**
     * @throws IngestException INVALID
     */
    public static Duration parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (matcher.matches()) {
            Duration window = duration(Integer.parseInt(matcher.group(1)), matcher.group(2));
            if (window.compareTo(duration(7, "d")) <= 0) {
                return window;
            }
        }
        throw IngestException.invalid(
                "completion_window",
                "completion_window is '%s': write it like '24h', at most '%s'"
                        .formatted(Excerpt.of(text), LONGEST));
    }

    private static Duration duration(int count, String unit) {
        return switch (unit) {
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> Duration.ofDays(count);
        };
    }
}
