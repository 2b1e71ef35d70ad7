package dev.nocturne.standalone.job;

import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.rest.JobAnswer;
import dev.nocturne.standalone.rest.JobLine;
import dev.nocturne.standalone.rest.RestClient;
import java.io.IOException;
import java.time.ZonedDateTime;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "status", description = "Shows how far a job is.")
public final class StatusCommand implements Callable<Integer> {
    @Parameters(paramLabel = "JOB", description = "Id of the job.")
    String jobId;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        JobAnswer job = JobAnswer.get(rest, jobId);
        if (json.enabled) {
            json.print(command, job.json());
        } else {
            command.commandLine().getOut().println(JobLine.of(job, ZonedDateTime.now()));
        }
        return 0;
    }
}
