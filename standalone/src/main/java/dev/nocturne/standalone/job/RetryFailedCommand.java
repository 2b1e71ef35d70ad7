package dev.nocturne.standalone.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.rest.RestClient;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "retry-failed",
        description =
                "Submits what a job that is done has left unpainted as a new job; prints its id.")
public final class RetryFailedCommand implements Callable<Integer> {
    @Parameters(paramLabel = "JOB", description = "Id of the job.")
    String jobId;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        JsonNode batch =
                rest.post(
                        "/v1/batches/%s/retry-failed".formatted(RestClient.segment(jobId)),
                        JsonNode.class);
        if (json.enabled) {
            json.print(command, batch);
        } else {
            command.commandLine().getOut().println(batch.path("id").asText());
        }
        return 0;
    }
}
