package dev.nocturne.ingest.job;

import dev.nocturne.events.JobCreated;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;

/**
 * When a job may run, and when its submitter wants it finished.
 *
 * @param startAfter null: at once
 * @param window null: at all hours
 * @param deadline null: whenever; being late has no consequence but a warning
 */
public record Schedule(Instant startAfter, JobWindow window, Instant deadline) {

    public static final Schedule AT_ONCE = new Schedule(null, null, null);

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
        try {
            return text == null
                    ? null
                    // as the events keep it
                    : Instant.ofEpochMilli(OffsetDateTime.parse(text).toInstant().toEpochMilli());
        } catch (DateTimeException | ArithmeticException e) { // not a time, or none to wait for
            throw IngestException.invalid(
                    param,
                    "%s is '%s': write date, time and offset like '2026-11-26T22:00:00+01:00'"
                            .formatted(param, Excerpt.of(text)));
        }
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
    Instant opening(Instant at) {
        Instant earliest = startAfter != null && startAfter.isAfter(at) ? startAfter : at;
        return window == null ? earliest : window.opening(earliest);
    }

    /** When the job may no longer run; {@link Instant#MAX} if it may always. */
    Instant closing(Instant at) {
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
