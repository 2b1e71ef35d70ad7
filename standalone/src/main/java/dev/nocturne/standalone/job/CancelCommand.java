package dev.nocturne.standalone.job;

import com.fasterxml.jackson.databind.JsonNode;
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

@Command(
        name = "cancel",
        description = "Stops a job that was made from a file; what is painted stays.")
public final class CancelCommand implements Callable<Integer> {
    @Parameters(paramLabel = "JOB", description = "Id of the job.")
    String jobId;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        rest.post("/v1/batches/%s/cancel".formatted(RestClient.segment(jobId)), JsonNode.class);
        JobAnswer job = JobAnswer.get(rest, jobId);
        if (json.enabled) {
            json.print(command, job.json());
        } else {
            command.commandLine().getOut().println(JobLine.of(job, ZonedDateTime.now()));
        }
        return 0;
    }
}
