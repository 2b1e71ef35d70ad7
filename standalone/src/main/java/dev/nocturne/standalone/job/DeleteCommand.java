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
        name = "delete",
        description = "Deletes a finished job with its pictures and files; there is no way back.")
public final class DeleteCommand implements Callable<Integer> {
    @Parameters(paramLabel = "JOB", description = "Id of the job.")
    String jobId;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        JsonNode answer =
                rest.delete("/v1/jobs/%s".formatted(RestClient.segment(jobId)), JsonNode.class);
        if (json.enabled) {
            json.print(command, answer);
        } else {
            command.commandLine().getOut().printf("%s deleted%n", answer.path("id").asText());
        }
        return 0;
    }
}
