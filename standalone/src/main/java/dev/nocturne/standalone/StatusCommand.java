package dev.nocturne.standalone;

import dev.nocturne.ingest.Job;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "status", description = "Shows how far a job is.")
final class StatusCommand implements Callable<Integer> {
    @Parameters(paramLabel = "JOB", description = "Id of the job.")
    String jobId;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Job job = rest.get("/v1/jobs/" + jobId, Job.class);
        if (json.enabled) {
            json.print(command, job);
        } else {
            command.commandLine().getOut().println(JobLine.of(job));
        }
        return 0;
    }
}
