package dev.nocturne.standalone.model;

import dev.nocturne.embedded.Preflight;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.training.evaluate.Evaluation;
import dev.nocturne.training.evaluate.EvaluationReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "evaluate",
        description =
                "Measures a model on drawings that no training saw, and writes pictures to look at.")
public final class EvaluateCommand implements Callable<Integer> {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            defaultValue = "${sys:nocturne.home:-.}/model-zoo/default",
            description = "Directory of the model (default: model-zoo/default).")
    Path model;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "evaluation",
            description = "Folder for index.html and its pictures (default: ${DEFAULT-VALUE}).")
    Path out;

    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException {
        EvaluationReport report =
                Evaluation.run(model, Preflight.writableFolder(out), Evaluation.Size.FULL);
        if (json.enabled) {
            json.print(command, report);
            return 0;
        }
        PrintWriter writer = command.commandLine().getOut();
        print(report, writer);
        writer.printf("pictures in %s%n", out.resolve("index.html"));
        return 0;
    }

    static void print(EvaluationReport report, PrintWriter writer) {
        writer.printf(
                "%s, temperature %s, guidance %s%n",
                report.model(), report.sampling().temperature(), report.sampling().guidance());
        Map<String, String> table = report.table();
        int width = table.keySet().stream().mapToInt(String::length).max().orElseThrow();
        table.forEach((measure, value) -> writer.printf("%-" + width + "s  %s%n", measure, value));
        writer.flush();
    }
}
