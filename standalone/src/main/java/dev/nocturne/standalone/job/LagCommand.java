package dev.nocturne.standalone.job;

import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.rest.JobLine;
import dev.nocturne.standalone.rest.RestClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(name = "lag", description = "Shows the consumer lag of every stage.")
public final class LagCommand implements Callable<Integer> {
    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        LagReport report = rest.get("/v1/lag", LagReport.class);
        if (json.enabled) {
            json.print(command, report);
            return 0;
        }
        PrintWriter out = command.commandLine().getOut();
        String row = "%-13s %-16s %9s %11s %8s %7s %8s%n";
        out.printf(row, "stage", "topic", "lag", "interactive", "behind", "rate/s", "drained");
        for (StageLag stage : report.stages()) {
            out.printf(
                    row,
                    stage.stage(),
                    stage.topic(),
                    orUnknown(stage.lag()),
                    orUnknown(stage.interactiveLag()),
                    timeOrUnknown(stage.lagSeconds()),
                    "%.1f".formatted(stage.ratePerSecond()),
                    timeOrUnknown(stage.drainSeconds()));
        }
        for (StageLag stage : report.stages()) {
            if (stage.trouble() != null) {
                out.printf("%s: %s%n", stage.stage(), stage.trouble());
            }
        }
        return 0;
    }

    private static String orUnknown(Long offsets) {
        return offsets == null ? "?" : offsets.toString();
    }

    private static String timeOrUnknown(Double seconds) {
        return seconds == null ? "?" : JobLine.time(seconds);
    }
}
