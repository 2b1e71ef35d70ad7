package dev.nocturne.standalone.model;

import dev.nocturne.embedded.Preflight;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.terminal.CommandFailure;
import dev.nocturne.training.evaluate.DataEvaluation;
import dev.nocturne.training.evaluate.Evaluation;
import dev.nocturne.training.evaluate.Report;
import dev.nocturne.training.recipe.OwnPlace;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "evaluate",
        description = {
            "Measures a model on drawings of the emoji art that no training saw, or on",
            "captioned pictures of your own with --data, and writes pictures to look at."
        })
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

    @Option(
            names = "--pictures",
            paramLabel = "N",
            defaultValue = "200",
            description = {
                "Of --data: the most that are measured on",
                "(default: ${DEFAULT-VALUE})."
            })
    int pictures;

    @Option(
            names = "--inception",
            paramLabel = "FILE",
            description = {
                "Of --data: measures Fréchet distances by Inception's",
                "features, too; its weights, as pytorch-fid names them."
            })
    Path inception;

    @Mixin OwnPictureOptions own;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException {
        Preflight.writableFolder(out);
        Optional<OwnPlace> place = own.place();
        Report report =
                place.isPresent()
                        ? ofOwn(place.get())
                        : Evaluation.run(model, out, Evaluation.Size.FULL);
        if (json.enabled) {
            json.print(command, report);
            return 0;
        }
        PrintWriter writer = command.commandLine().getOut();
        print(report, writer);
        writer.printf("pictures in %s%n", out.resolve("index.html"));
        return 0;
    }

    private Report ofOwn(OwnPlace place) throws IOException {
        if (pictures < 2) {
            throw new CommandFailure("--pictures is %d: give 2 or more".formatted(pictures));
        }
        // standard output is the report's
        return DataEvaluation.run(
                model,
                new DataEvaluation.Settings(
                        place.data(), place.storage(), pictures, Optional.ofNullable(inception)),
                out,
                System.err);
    }

    static void print(Report report, PrintWriter writer) {
        writer.printf(
                "%s, temperature %s, guidance %s%n",
                report.model(), report.sampling().temperature(), report.sampling().guidance());
        Map<String, String> table = report.table();
        int width = table.keySet().stream().mapToInt(String::length).max().orElseThrow();
        table.forEach((measure, value) -> writer.printf("%-" + width + "s  %s%n", measure, value));
        writer.flush();
    }
}
