package dev.nocturne.standalone.plan;

import dev.nocturne.standalone.plan.PlanReport.Bytes;
import dev.nocturne.standalone.plan.PlanReport.BytesLine;
import dev.nocturne.standalone.plan.PlanReport.Finish;
import dev.nocturne.standalone.plan.PlanReport.StageLine;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;

/**
 * A plan as a short table for people.
 *
 * @param zone of all times
 */
record PlanText(PlanReport plan, ZoneId zone) {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm");
    private static final List<String> UNITS = List.of("B", "kB", "MB", "GB", "TB", "PB", "EB");

    void print(PrintWriter out) {
        out.printf(
                "%,d captions of %d candidates, %d pictures kept of each; model %s%n",
                plan.captions(), plan.candidates(), plan.top(), plan.model());
        out.printf("rates of %s%n", String.join(", ", plan.rates()));
        if (plan.modelsAlone()) {
            out.println("  of models alone: what Kafka, the bucket and rerank take is not in them");
        }
        printStages(out);
        printFinish(out);
        printBytes(out, "Kafka, one replica, before compression", plan.kafka());
        out.printf(
                "  results kept for %s days (NOCTURNE_LOG_RETENTION): %s, %.2f GB-months%n",
                days(plan.logRetentionDays()),
                bytes(plan.kafka().keptBytes()),
                plan.kafka().keptGigabyteMonths());
        printBytes(out, "bucket", plan.bucket());
        out.println(
                plan.jobRetentionDays() == null
                        ? "  kept until the job is deleted (NOCTURNE_JOB_RETENTION is off)"
                        : "  kept for %s days (NOCTURNE_JOB_RETENTION): %.2f GB-months"
                                .formatted(
                                        days(plan.jobRetentionDays()),
                                        plan.bucket().keptGigabyteMonths()));
    }

    private void printStages(PrintWriter out) {
        out.println();
        out.printf(
                "%-10s %-17s %7s %12s %8s %6s%n",
                "stage", "service", "workers", "captions/s", "spread", "busy");
        for (StageLine stage : plan.stages()) {
            out.print(
                    "%-10s %-17s %,7d ".formatted(stage.stage(), stage.service(), stage.workers()));
            out.println(
                    stage.captionsPerSecond() == null
                            ? "not measured"
                            : "%12s %8s %5.0f%%"
                                    .formatted(
                                            perSecond(stage.captionsPerSecond()),
                                            spread(stage),
                                            100 * stage.busyShare()));
        }
        out.printf("partitions of each topic: %,d%n", plan.partitions());
        if (plan.stages().stream()
                .anyMatch(stage -> Boolean.TRUE.equals(stage.isSpreadAssumed()))) {
            out.println("* assumed: one run tells no spread");
        }
    }

    private static String spread(StageLine stage) {
        return "%.0f%%%s".formatted(100 * stage.spread(), stage.isSpreadAssumed() ? "*" : "");
    }

    private static String perSecond(double rate) {
        return rate < 1 ? "%.4f".formatted(rate) : "%,.2f".formatted(rate);
    }

    private void printFinish(PrintWriter out) {
        out.println();
        out.printf("starts    %s %s%n", time(plan.startsAt()), zone);
        out.printf("finish    %s%n", finish(plan.finish()));
        if (plan.deadline() != null) {
            out.printf(
                    "deadline  %s, kept by %.0f %% of %d simulated runs%n",
                    time(plan.deadline()),
                    100 * plan.finish().deadlineKept(),
                    plan.finish().runs());
        }
        if (plan.loss() != null) {
            Finish lost = plan.loss().finish();
            out.printf(
                    "losing %s: finish %s%s%n",
                    String.join(", ", plan.loss().workers()),
                    finish(lost),
                    plan.deadline() == null
                            ? ""
                            : ", deadline kept by %.0f %%".formatted(100 * lost.deadlineKept()));
        }
    }

    private String finish(Finish finish) {
        if (finish.latestFinish() == null) {
            return "never, or not in every run: no worker of a stage is left";
        }
        return "%s to %s (8 of 10 runs), median %s, %s after the start"
                .formatted(
                        time(finish.earliestFinish()),
                        time(finish.latestFinish()),
                        time(finish.estimatedFinish()),
                        hours(Duration.between(plan.startsAt(), finish.estimatedFinish())));
    }

    private String time(Instant at) {
        return TIME.format(at.atZone(zone));
    }

    private static String hours(Duration duration) {
        return "%d:%02d:%02d"
                .formatted(duration.toHours(), duration.toMinutesPart(), duration.toSecondsPart());
    }

    private static void printBytes(PrintWriter out, String title, Bytes bytes) {
        out.println();
        out.printf("%s: %s%n", title, bytes(bytes.bytes()));
        for (BytesLine line : bytes.lines()) {
            out.printf("  %-20s %9s  %s%n", line.name(), bytes(line.bytes()), line.kept());
        }
    }

    private static String days(double days) {
        return days == Math.rint(days) ? "%.0f".formatted(days) : "%.1f".formatted(days);
    }

    /** Of a thousand each. */
    static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 999.5 && unit < UNITS.size() - 1) {
            value /= 1000;
            unit++;
        }
        return (unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s")
                .formatted(value, UNITS.get(unit));
    }
}
