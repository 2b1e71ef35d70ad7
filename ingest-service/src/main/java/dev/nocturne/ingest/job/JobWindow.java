package dev.nocturne.ingest.job;

import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The hours of the day in which a job's captions are released, such as {@code 22:00-06:00
 * Europe/Berlin}. It may pass midnight. The end is not part of it.
 *
 * <p>Both ends are what a clock on the wall there shows: a night is an hour shorter or longer when
 * clocks change in it. A time that a wall clock skips is the moment of the skip, of a time that it
 * shows twice the first counts.
 */
public record JobWindow(LocalTime from, LocalTime to, ZoneId zone) {

    private static final Pattern FORM = Pattern.compile("(\\d\\d:\\d\\d)-(\\d\\d:\\d\\d) +(\\S+)");

    /**
     * @throws IngestException INVALID
     */
    public static JobWindow parse(String text) {
        Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches()) {
            throw wrong(text, "write it like '22:00-06:00 Europe/Berlin'");
        }
        try {
            JobWindow window =
                    new JobWindow(
                            LocalTime.parse(matcher.group(1)),
                            LocalTime.parse(matcher.group(2)),
                            ZoneId.of(matcher.group(3)));
            if (window.from.equals(window.to)) {
                throw wrong(text, "it has no end: leave it out for a job that may always run");
            }
            return window;
        } catch (DateTimeException e) {
            throw wrong(text, e.getMessage() + ": write it like '22:00-06:00 Europe/Berlin'");
        }
    }

    private static IngestException wrong(String text, String what) {
        return IngestException.invalid(
                "window", "window is '%s': %s".formatted(Excerpt.of(text), what));
    }

    boolean isOpen(Instant at) {
        return !opening(at).isAfter(at);
    }

    /** {@code at} itself if it is in the window, else when the window opens next. */
    Instant opening(Instant at) {
        // the one of yesterday may still be open; days without one may follow each other, if
        // all of it falls into hours that are skipped
        for (LocalDate day = day(at).minusDays(1); ; day = day.plusDays(1)) {
            if (end(day).isAfter(at) && end(day).isAfter(start(day))) {
                return start(day).isAfter(at) ? start(day) : at;
            }
        }
    }

    /** When the window that is open at {@code at}, or opens next, closes. */
    Instant closing(Instant at) {
        for (LocalDate day = day(at).minusDays(1); ; day = day.plusDays(1)) {
            if (end(day).isAfter(at) && end(day).isAfter(start(day))) {
                return end(day);
            }
        }
    }

    private LocalDate day(Instant at) {
        return at.atZone(zone).toLocalDate();
    }

    private Instant start(LocalDate day) {
        return instant(day.atTime(from));
    }

    private Instant end(LocalDate day) {
        return instant((to.isAfter(from) ? day : day.plusDays(1)).atTime(to));
    }

    private Instant instant(LocalDateTime onTheWall) {
        ZoneOffsetTransition transition = zone.getRules().getTransition(onTheWall);
        return transition != null && transition.isGap()
                ? transition.getInstant()
                : onTheWall.atZone(zone).toInstant();
    }

    /** As it was written. */
    @Override
    public String toString() {
        return "%s-%s %s".formatted(from, to, zone);
    }
}
