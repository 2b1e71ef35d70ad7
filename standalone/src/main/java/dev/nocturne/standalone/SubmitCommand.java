package dev.nocturne.standalone;

import dev.nocturne.ingest.Job;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Job job;
        try {
            job = rest.post("/v1/jobs", file, Job.class);
        } catch (FileNotFoundException e) {
            throw new CommandFailure("%s cannot be read: name a JSONL file".formatted(file));
        }
        if (json.enabled) {
            json.print(command, job);
        } else {
            command.commandLine().getOut().println(job.id());
        }
        return 0;
    }
}
