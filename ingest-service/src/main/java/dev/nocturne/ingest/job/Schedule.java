package dev.nocturne.ingest.job;

import dev.nocturne.events.JobCreated;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When a job may run, and when its submitter wants it finished.
 *
 * @param startAfter null: at once
 * @param window null: at all hours
 * @param deadline null: whenever; being late has no consequence but a warning
 */
public record Schedule(Instant startAfter, JobWindow window, Instant deadline) {

    public static final Schedule AT_ONCE = new Schedule(null, null, null);

    /** Of RFC 3339, whose offsets may be larger than any that Java has. */
    private static final Pattern TIME =
            Pattern.compile(
                    "(?<local>.+)(?:[Zz]|(?<sign>[+-])(?<hours>[01]\\d|2[0-3]):(?<minutes>[0-5]\\d))");

    /**
     * @param startAfter RFC 3339, as {@code deadline}; each may be null
     * @throws IngestException INVALID
     */
    public static Schedule parse(String startAfter, String window, String deadline) {
        return new Schedule(
                time("start_after", startAfter),
                window == null ? null : JobWindow.parse(window),
                time("deadline", deadline));
    }

    static Schedule of(JobCreated created) {
        return new Schedule(
                created.getStartAfter(),
                created.getWindow() == null ? null : JobWindow.parse(created.getWindow()),
                created.getDeadline());
    }

    private static Instant time(String param, String text) {
        if (text == null) {
            return null;
        }
        try {
            Matcher parts = TIME.matcher(text);
            if (parts.matches()) {
                LocalDateTime local = LocalDateTime.parse(parts.group("local"));
                Instant time = local.toInstant(ZoneOffset.UTC).minus(offset(parts));
                return Instant.ofEpochMilli(time.toEpochMilli()); // as the events keep it
            }
        } catch (DateTimeException | ArithmeticException e) {
            // not a time, or none to wait for: told as any other text that is none
        }
        throw IngestException.invalid(
                param,
                "%s is '%s': write date, time and offset like '2026-11-26T22:00:00+01:00'"
                        .formatted(param, Excerpt.of(text)));
    }

    private static Duration offset(Matcher time) {
        if (time.group("sign") == null) {
            return Duration.ZERO;
        }
        Duration offset =
                Duration.ofHours(Integer.parseInt(time.group("hours")))
                        .plusMinutes(Integer.parseInt(time.group("minutes")));
        return time.group("sign").equals("-") ? offset.negated() : offset;
    }

    /**
     * @throws IngestException INVALID if a job that is created now could not keep to it
     */
    public void check(Instant now, Instant expiresAt) {
        if (!opening(now).isBefore(expiresAt)) {
            throw IngestException.invalid(
                    startAfter == null ? "window" : "start_after",
                    "the first captions would be released at %s, but the completion window ends at %s: start earlier, or ask for a longer completion_window"
                            .formatted(opening(now), expiresAt));
        }
        if (deadline != null && !deadline.isAfter(opening(now))) {
            throw IngestException.invalid(
                    "deadline",
                    "deadline is %s, but the first captions are released at %s: choose a later one"
                            .formatted(deadline, opening(now)));
        }
    }

    public boolean mayRun(Instant at) {
        return !opening(at).isAfter(at);
    }

    /** {@code at} itself if the job may run then, else when it may. */
    public Instant opening(Instant at) {
        Instant earliest = startAfter != null && startAfter.isAfter(at) ? startAfter : at;
        return window == null ? earliest : window.opening(earliest);
    }

    /** When the job may no longer run; {@link Instant#MAX} if it may always. */
    public Instant closing(Instant at) {
        return window == null ? Instant.MAX : window.closing(opening(at));
    }

    /** Why the job may not run; null if it may. */
    String waitingFor(Instant now) {
        if (mayRun(now)) {
            return null;
        }
        Instant opening = opening(now);
        return opening.equals(startAfter)
                ? "start_after %s".formatted(opening)
                : "window opens %s".formatted(opening);
    }
}
