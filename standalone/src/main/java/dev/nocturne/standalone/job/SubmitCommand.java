package dev.nocturne.standalone.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.standalone.option.CaptionOptions;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.rest.JobAnswer;
import dev.nocturne.standalone.rest.RestClient;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
        description =
                "Submits a file of captions as one job through the REST API; prints its id. Options"
                        + " are for the captions whose line says nothing of them.")
public final class SubmitCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "FILE",
            description =
                    "Text, a caption a line; CSV or TSV with a header, its columns named as the"
                            + " options; JSON, also COCO's captions, or JSON lines; any of them"
                            + " gzipped.")
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

    @Mixin CaptionOptions options;
    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        JobAnswer job = new JobAnswer(rest.postForm("/v1/jobs", fields(), files(), JsonNode.class));
        List<String> unused = new ArrayList<>();
        job.json().path("unused_columns").forEach(column -> unused.add(column.asText()));
        if (!unused.isEmpty()) {
            command.commandLine()
                    .getErr()
                    .printf("not used, as they are no options: %s%n", String.join(", ", unused));
        }
        if (json.enabled) {
            json.print(command, job.json());
        } else {
            command.commandLine().getOut().println(job.id());
        }
        return 0;
    }

    private Map<String, String> fields() {
        Map<String, String> fields = options.given();
        fields.put("start_after", startAfter);
        fields.put("window", window);
        fields.put("deadline", deadline);
        fields.put("webdataset", webdataset ? "true" : null);
        fields.values().removeIf(Objects::isNull);
        return fields;
    }

    private Map<String, Path> files() {
        Map<String, Path> files = new TreeMap<>(Map.of("file", file));
        if (options.imagePrompt != null) {
            files.put("image_prompt", options.imagePrompt);
        }
        for (Path one : files.values()) {
            if (!Files.isReadable(one) || Files.isDirectory(one)) {
                throw new CommandFailure("%s cannot be read: name a file".formatted(one));
            }
        }
        return files;
    }
}
