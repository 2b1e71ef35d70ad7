package dev.nocturne.standalone.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.rest.JobAnswer;
import dev.nocturne.standalone.rest.JobLine;
import dev.nocturne.standalone.rest.RestClient;
import dev.nocturne.standalone.terminal.CommandFailure;
import dev.nocturne.standalone.terminal.LiveText;
import dev.nocturne.standalone.terminal.Terminal;
import java.io.IOException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "watch",
        description = {
            "Follows a job until it is done; fails if a caption of it failed.",
            "Where the output is no terminal, a line every few seconds;"
                    + " with --json each line is an object: the job, and lag of the stages."
        })
public final class WatchCommand implements Callable<Integer> {
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final Duration LINE_INTERVAL = Duration.ofSeconds(5);

    /** A service that is restarted comes back within it. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    @Parameters(paramLabel = "JOB", description = "Id of the job.")
    String jobId;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        LiveText live = new LiveText(command.commandLine().getOut());
        WatchText text = new WatchText(Terminal.HAS_COLOURS);
        JobAnswer job = JobAnswer.get(rest, jobId);
        long nextLineNanos = System.nanoTime();
        while (!job.isDone()) {
            if (!json.enabled) {
                live.show(text(text, job));
            } else if (System.nanoTime() - nextLineNanos >= 0) {
                nextLineNanos = System.nanoTime() + LINE_INTERVAL.toNanos();
                printLine(job);
            }
            Thread.sleep(INTERVAL.toMillis());
            job = next(live);
        }
        if (json.enabled) {
            printLine(job);
        } else {
            live.last(text(text, job));
        }
        return job.allCompleted() ? 0 : 1;
    }

    /** Of a job that is there: a service that is away for a while is waited for. */
    private JobAnswer next(LiveText live) throws IOException, InterruptedException {
        long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                return JobAnswer.get(rest, jobId);
            } catch (RestClient.Away e) {
                if (System.nanoTime() - giveUpNanos > 0) {
                    throw e;
                }
                if (!json.enabled) {
                    live.show("%s  trying again (%s)".formatted(jobId, e.getMessage()));
                }
                Thread.sleep(INTERVAL.toMillis());
            }
        }
    }

    private String text(WatchText text, JobAnswer job) throws IOException, InterruptedException {
        ZonedDateTime now = ZonedDateTime.now();
        return Terminal.IS_ONE ? text.of(job, lag(LagReport.class), now) : JobLine.of(job, now);
    }

    private void printLine(JobAnswer job)
            throws IOException, InterruptedException, JsonProcessingException {
        ObjectNode line = job.json().deepCopy();
        JsonNode lag = lag(JsonNode.class);
        line.set("stages", lag == null ? null : lag.get("stages"));
        command.commandLine().getOut().println(JsonOption.line(line));
    }

    /** Null if it is not measured: the job is what matters here. */
    private <T> T lag(Class<T> type) throws IOException, InterruptedException {
        try {
            return rest.get("/v1/lag", type);
        } catch (CommandFailure e) {
            return null;
        }
    }
}
