package dev.nocturne.standalone.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.rest.JobAnswer;
import dev.nocturne.standalone.rest.JobLine;
import dev.nocturne.standalone.rest.RestClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(name = "jobs", description = "Lists jobs, the latest first.")
public final class JobsCommand implements Callable<Integer> {
    private static final int MOST = 100_000;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "20",
            description = "List at most N jobs (default: ${DEFAULT-VALUE}).")
    int limit;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (limit < 1 || limit > MOST) {
            throw new ParameterException(
                    command.commandLine(), "--limit is %d: must be 1 to %d".formatted(limit, MOST));
        }
        // one more, to know whether there are more
        JsonNode answer = rest.get("/v1/jobs?limit=" + (limit + 1), JsonNode.class);
        List<JsonNode> jobs =
                StreamSupport.stream(answer.spliterator(), false).limit(limit).toList();
        if (json.enabled) {
            json.print(command, jobs);
            return 0;
        }
        PrintWriter out = command.commandLine().getOut();
        String row = "%-32s %-11s %11s %6s %5s %s%n";
        out.printf(row, "job", "state", "captions", "failed", "per s", "finish");
        ZonedDateTime now = ZonedDateTime.now();
        for (JsonNode node : jobs) {
            JobAnswer job = new JobAnswer(node);
            out.printf(
                    row,
                    job.id(),
                    job.status(),
                    job.finished() + "/" + job.count("total"),
                    job.count("failed"),
                    "%.2f".formatted(job.ratePerSecond()),
                    finish(job, now));
        }
        if (answer.size() > limit) {
            out.printf("there are more: --limit %d%n", Math.min(MOST, 10 * limit));
        }
        return 0;
    }

    /** With a tilde while it is an estimate. */
    private static String finish(JobAnswer job, ZonedDateTime now) {
        if (job.finishedAt() != null) {
            return JobLine.at(job.finishedAt(), now);
        }
        Instant latest = job.latestFinish();
        if (latest == null && job.etaSeconds() != null && !job.isDone()) {
            latest = now.toInstant().plusSeconds(Math.round(job.etaSeconds()));
        }
        return latest == null ? "" : "~" + JobLine.at(latest, now);
    }
}
