package dev.nocturne.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "rerank",
        description =
                "Makes a job with more or fewer pictures of what a finished job has drawn,"
                        + " without drawing again; prints its id.")
final class RerankCommand implements Callable<Integer> {
    @Parameters(paramLabel = "JOB", description = "Id of the finished job.")
    String jobId;

    @Option(
            names = "--top",
            paramLabel = "K",
            required = true,
            description = "Pictures of each caption, 1 to 64.")
    int top;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        String path = "/v1/jobs/%s/rerank".formatted(RestClient.segment(jobId));
        JobAnswer job = new JobAnswer(rest.post(path, Map.of("top", top), JsonNode.class));
        if (json.enabled) {
            json.print(command, job.json());
        } else {
            command.commandLine().getOut().println(job.id());
        }
        return 0;
    }
}
