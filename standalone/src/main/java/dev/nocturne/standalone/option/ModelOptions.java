package dev.nocturne.standalone.option;

import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which model draws, and how many candidates at a time. */
public final class ModelOptions {
    /** As in generator-worker, whose records hold one decode batch. */
    private static final int MAX_BATCH = 64;

    @Spec(Spec.Target.MIXEE)
    CommandSpec command;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            defaultValue = "${sys:nocturne.home:-.}/model-zoo/default",
            description = "Directory of the model (default: model-zoo/default).")
    public Path directory;

    public int batch;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "32",
            description = "Candidates drawn together (default: ${DEFAULT-VALUE}).")
    void setBatch(int batch) {
        if (batch < 1 || batch > MAX_BATCH) {
            throw new ParameterException(
                    command.commandLine(),
                    "--batch is %d: must be 1 to %d".formatted(batch, MAX_BATCH));
        }
        this.batch = batch;
    }
}
