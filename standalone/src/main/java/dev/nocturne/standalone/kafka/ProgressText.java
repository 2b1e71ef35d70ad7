package dev.nocturne.standalone.kafka;

import dev.nocturne.standalone.rest.JobLine;
import java.util.List;

/** A job's progress: a line per stage, and one in all, which says everything by itself. */
public final class ProgressText {
    private static final int BAR_CHARS = 24;

    private ProgressText() {}

    public static String of(List<StageProgress> stages, long nowNanos) {
        StringBuilder text = new StringBuilder();
        double secondsLeft = 0;
        for (StageProgress stage : stages) {
            text.append(line(stage, nowNanos)).append('\n');
            // the stages work at the same time, so the slowest says when all are done
            secondsLeft = Math.max(secondsLeft, stage.secondsLeft(nowNanos));
        }
        text.append("in all   ");
        for (StageProgress stage : stages) {
            text.append("%s %d/%d  ".formatted(stage.name(), stage.done(), stage.total()));
        }
        return text.append(left(secondsLeft)).toString();
    }

    private static String line(StageProgress stage, long nowNanos) {
        int filled = (int) ((long) BAR_CHARS * stage.done() / stage.total());
        return "%-8s [%s%s] %4d/%-4d %6.1f/s  %s"
                .formatted(
                        stage.name(),
                        "#".repeat(Math.min(filled, BAR_CHARS)),
                        " ".repeat(Math.max(0, BAR_CHARS - filled)),
                        stage.done(),
                        stage.total(),
                        stage.rate(nowNanos),
                        left(stage.secondsLeft(nowNanos)));
    }

    private static String left(double seconds) {
        if (seconds == 0) {
            return "done";
        }
        return Double.isInfinite(seconds) ? "waiting" : JobLine.time(seconds) + " left";
    }
}
