package dev.nocturne.standalone;

import dev.nocturne.generator.GeneratorService;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which model draws, and how many candidates at a time. */
final class ModelOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec command;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            defaultValue = "${sys:nocturne.home:-.}/model-zoo/default",
            description = "Directory of the model (default: model-zoo/default).")
    Path directory;

    int batch;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "32",
            description = "Candidates drawn together (default: ${DEFAULT-VALUE}).")
    void setBatch(int batch) {
        if (batch < 1 || batch > GeneratorService.MAX_BATCH) {
            throw new ParameterException(
                    command.commandLine(),
                    "--batch is %d: must be 1 to %d"
                            .formatted(batch, GeneratorService.MAX_BATCH));
        }
        this.batch = batch;
    }
}
