package dev.nocturne.standalone.rest;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** A job's progress on one line, and how times are written. */
public final class JobLine {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT);
    private static final DateTimeFormatter DAY_AND_TIME =
            DateTimeFormatter.ofPattern("EEE HH:mm", Locale.ENGLISH);
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("d MMM yy", Locale.ENGLISH);

    private JobLine() {}

    /**
     * @param now also gives the time zone
     */
    public static String of(JobAnswer job, ZonedDateTime now) {
        StringBuilder line =
                new StringBuilder(
                        "%s  %s  %d/%d captions"
                                .formatted(
                                        job.id(),
                                        job.status(),
                                        job.finished(),
                                        job.count("total")));
        if (job.count("failed") > 0) {
            line.append(", %d failed".formatted(job.count("failed")));
        }
        line.append("  %.2f captions/s".formatted(job.ratePerSecond()));
        if (!job.isDone() && job.finishedAt() == null) {
            if (job.etaSeconds() != null) {
                line.append("  %s left".formatted(time(job.etaSeconds())));
            }
            String finish = finish(job, now);
            if (finish != null) {
                line.append("  finish ").append(finish);
            }
            if (job.deadlineAtRisk()) {
                line.append("  deadline at risk");
            }
            if (job.waitingFor() != null) {
                line.append("  waiting: ").append(job.waitingFor());
            }
        }
        return line.toString();
    }

    /** The range in which the job should be finished; null if the service does not tell one. */
    public static String finish(JobAnswer job, ZonedDateTime now) {
        if (job.earliestFinish() == null || job.latestFinish() == null) {
            return null;
        }
        String earliest = at(job.earliestFinish(), now);
        String latest = at(job.latestFinish(), now);
        return earliest.equals(latest) ? latest : earliest + " to " + latest;
    }

    /** As {@code m:ss}, or {@code h:mm:ss} from an hour on. */
    public static String time(double seconds) {
        Duration left = Duration.ofSeconds(Math.round(seconds));
        return left.toHours() > 0
                ? "%d:%02d:%02d"
                        .formatted(left.toHours(), left.toMinutesPart(), left.toSecondsPart())
                : "%d:%02d".formatted(left.toMinutes(), left.toSecondsPart());
    }

    /** At most 9 characters: the time today, with the day within a week, else the date. */
    public static String at(Instant instant, ZonedDateTime now) {
        ZoneId zone = now.getZone();
        ZonedDateTime local = instant.atZone(zone);
        LocalDate day = local.toLocalDate();
        LocalDate today = now.toLocalDate();
        if (day.equals(today)) {
            return TIME.format(local);
        }
        boolean near = day.isAfter(today.minusDays(7)) && day.isBefore(today.plusDays(7));
        return (near ? DAY_AND_TIME : DATE).format(local);
    }
}
