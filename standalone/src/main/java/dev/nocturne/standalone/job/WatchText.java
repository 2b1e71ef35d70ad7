package dev.nocturne.standalone.job;

import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.standalone.rest.JobAnswer;
import dev.nocturne.standalone.rest.JobLine;
import dev.nocturne.standalone.terminal.Terminal.Colour;
import java.time.ZonedDateTime;
import java.util.List;

/**
 * A job and the stages before it on a terminal of 80 columns: a bar of what is done, when it should
 * be finished, and a bar for what waits before each stage. Not thread-safe.
 */
final class WatchText {
    private static final int BAR_CHARS = 30;
    private static final String LABEL = "%-13s ";

    private final boolean colours;
    private long longestBacklog = 1; // so far: what a full bar is

    WatchText(boolean colours) {
        this.colours = colours;
    }

    /**
     * @param lag null if it is not known now
     * @param now also gives the time zone
     */
    String of(JobAnswer job, LagReport lag, ZonedDateTime now) {
        StringBuilder text = new StringBuilder();
        text.append(
                "%s  %s  %.2f captions/s%n"
                        .formatted(job.id(), job.status().replace('_', ' '), job.ratePerSecond()));
        text.append(LABEL.formatted("captions")).append(counts(job)).append('\n');
        if (!job.isDone()) {
            text.append(LABEL.formatted("finish")).append(finish(job, now)).append('\n');
            if (job.waitingFor() != null) {
                text.append(LABEL.formatted("waiting")).append(job.waitingFor()).append('\n');
            }
        }
        if (lag != null) {
            text.append(stages(lag.stages()));
        }
        return text.toString().stripTrailing();
    }

    private String counts(JobAnswer job) {
        int total = job.count("total");
        int done = job.finished();
        int failed = job.count("failed");
        String counts =
                "%s %d/%d  %d %%"
                        .formatted(
                                bar(done, total, Colour.GREEN),
                                done,
                                total,
                                total == 0 ? 0 : (int) (100L * done / total));
        return failed == 0 ? counts : counts + "  " + Colour.RED.of(failed + " failed", colours);
    }

    private String finish(JobAnswer job, ZonedDateTime now) {
        if (job.finishedAt() != null) {
            return JobLine.at(job.finishedAt(), now) + ", its files are being written";
        }
        StringBuilder line = new StringBuilder();
        String range = JobLine.finish(job, now);
        if (range != null) {
            line.append(range);
        } else if (job.etaSeconds() != null) {
            long seconds = Math.round(job.etaSeconds());
            line.append("about ").append(JobLine.at(now.plusSeconds(seconds).toInstant(), now));
        } else {
            line.append("not known yet");
        }
        if (job.etaSeconds() != null) {
            line.append(", %s left".formatted(JobLine.time(job.etaSeconds())));
        }
        if (job.deadline() != null) {
            String deadline = "deadline " + JobLine.at(job.deadline(), now);
            line.append(", ")
                    .append(
                            job.deadlineAtRisk()
                                    ? Colour.YELLOW.of(deadline + " at risk", colours)
                                    : deadline);
        }
        return line.toString();
    }

    private String stages(List<StageLag> stages) {
        for (StageLag stage : stages) {
            longestBacklog = Math.max(longestBacklog, stage.lag() == null ? 0 : stage.lag());
        }
        StringBuilder text = new StringBuilder("\n");
        for (StageLag stage : stages) {
            text.append(LABEL.formatted(stage.stage())).append(backlog(stage)).append('\n');
        }
        return text.toString();
    }

    private String backlog(StageLag stage) {
        if (stage.lag() == null) {
            return "not known: " + stage.trouble();
        }
        String text =
                "%s %d waiting, %.1f/s"
                        .formatted(
                                bar(stage.lag(), longestBacklog, Colour.YELLOW),
                                stage.lag(),
                                stage.ratePerSecond());
        return stage.lag() > 0 && stage.drainSeconds() != null
                ? text + ", %s left".formatted(JobLine.time(stage.drainSeconds()))
                : text;
    }

    /** Shows something of the least part, and is full only when all is done. */
    private String bar(long part, long whole, Colour colour) {
        int filled = whole == 0 ? 0 : (int) (BAR_CHARS * part / whole);
        if (part > 0 && filled == 0) {
            filled = 1;
        }
        return "["
                + colour.of("#".repeat(filled), colours && filled > 0)
                + " ".repeat(BAR_CHARS - filled)
                + "]";
    }
}
