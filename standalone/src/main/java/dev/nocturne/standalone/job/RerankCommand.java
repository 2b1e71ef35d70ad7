package dev.nocturne.standalone.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.rest.JobAnswer;
import dev.nocturne.standalone.rest.RestClient;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "rerank",
        description =
                "Makes a job with other pictures of what a finished job has drawn, without drawing"
                        + " again; prints its id.")
public final class RerankCommand implements Callable<Integer> {
    @Parameters(paramLabel = "JOB", description = "Id of the finished job.")
    String jobId;

    @Option(
            names = "--top",
            paramLabel = "K",
            description =
                    "Pictures of each caption, 1 to 64; with --rescore as many as there are, if left"
                            + " out.")
    Integer top;

    @Option(
            names = "--rescore",
            description =
                    "Score the candidates again, with the CLIP that the workers have now; their dVAE"
                            + " must be the one that the candidates were drawn for.")
    boolean rescore;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (top == null && !rescore) {
            throw new ParameterException(
                    command.commandLine(), "say how many pictures with --top, or --rescore");
        }
        Map<String, Object> body = new TreeMap<>();
        if (top != null) {
            body.put("top", top);
        }
        if (rescore) {
            body.put("rescore", true);
        }
        String path = "/v1/jobs/%s/rerank".formatted(RestClient.segment(jobId));
        JobAnswer job = new JobAnswer(rest.post(path, body, JsonNode.class));
        if (json.enabled) {
            json.print(command, job.json());
        } else {
            command.commandLine().getOut().println(job.id());
        }
        return 0;
    }
}
