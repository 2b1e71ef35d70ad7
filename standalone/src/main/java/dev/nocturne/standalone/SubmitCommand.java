package dev.nocturne.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "submit",
        description = "Submits a file of captions as one job through the REST API; prints its id.")
final class SubmitCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "FILE",
            description = "JSONL: one object a line, {\"prompt\": \"a red heart\"} at the least.")
    Path file;

    @Option(
            names = "--start-after",
            paramLabel = "TIME",
            description = "Paint nothing before; like 2026-11-26T22:00:00+01:00.")
    String startAfter;

    @Option(
            names = "--window",
            paramLabel = "HOURS",
            description = "Run in these hours of the day only; like '22:00-06:00 Europe/Berlin'.")
    String window;

    @Option(
            names = "--deadline",
            paramLabel = "TIME",
            description = "When it should be finished; status and watch say if that is at risk.")
    String deadline;

    @Option(
            names = "--webdataset",
            description = "Pack the pictures into WebDataset archives, too.")
    boolean webdataset;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        JobAnswer job;
        try {
            job = new JobAnswer(rest.post("/v1/jobs" + query(), file, JsonNode.class));
        } catch (FileNotFoundException e) {
            throw new CommandFailure("%s cannot be read: name a JSONL file".formatted(file));
        }
        if (json.enabled) {
            json.print(command, job.json());
        } else {
            command.commandLine().getOut().println(job.id());
        }
        return 0;
    }

    private String query() {
        Map<String, String> wishes = new TreeMap<>();
        wishes.put("start_after", startAfter);
        wishes.put("window", window);
        wishes.put("deadline", deadline);
        wishes.put("webdataset", webdataset ? "true" : null);
        wishes.values().removeIf(Objects::isNull);
        return RestClient.query(wishes);
    }
}
