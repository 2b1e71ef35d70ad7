package dev.nocturne.standalone;

import dev.nocturne.ingest.Job;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** A job's progress on one line. */
final class JobLine {
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

    private JobLine() {}

    static String of(Job job) {
        Job.Counts counts = job.counts();
        int finished = counts.total() - counts.inProgress();
        StringBuilder line =
                new StringBuilder(
                        "%s  %s  %d/%d captions"
                                .formatted(
                                        job.id(),
                                        job.status().name().toLowerCase(Locale.ROOT),
                                        finished,
                                        counts.total()));
        if (counts.failed() > 0) {
            line.append(", %d failed".formatted(counts.failed()));
        }
        line.append("  %.2f captions/s".formatted(job.ratePerSecond()));
        if (job.status() == Job.Status.IN_PROGRESS && job.etaSeconds() != null) {
            line.append("  %s left".formatted(time(job.etaSeconds())));
        }
        if (job.waitingFor() != null) {
            line.append("  waits: %s".formatted(job.waitingFor()));
        }
        if (job.estimatedFinish() != null) {
            line.append(
                    "  done between %s and %s"
                            .formatted(
                                    clock(job.estimatedFinish().earliest()),
                                    clock(job.estimatedFinish().latest())));
        }
        if (job.deadline() != null) {
            line.append(
                    "  deadline %s%s"
                            .formatted(
                                    clock(job.deadline()),
                                    !job.deadlineAtRisk()
                                            ? ""
                                            : job.finishedAt() == null ? " AT RISK" : " MISSED"));
        }
        return line.toString();
    }

    /** On this machine's wall. */
    private static String clock(Instant time) {
        return CLOCK.format(time.atZone(ZoneId.systemDefault()));
    }

    /** As {@code m:ss}, or {@code h:mm:ss} from an hour on. */
    static String time(double seconds) {
        Duration left = Duration.ofSeconds(Math.round(seconds));
        return left.toHours() > 0
                ? "%d:%02d:%02d"
                        .formatted(left.toHours(), left.toMinutesPart(), left.toSecondsPart())
                : "%d:%02d".formatted(left.toMinutes(), left.toSecondsPart());
    }
}
