package dev.nocturne.standalone;

import dev.nocturne.embedded.Preflight;
import dev.nocturne.training.Evaluation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
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
final class EvaluateCommand implements Callable<Integer> {
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
        Evaluation.Report report =
                Evaluation.run(model, Preflight.writableFolder(out), Evaluation.Size.FULL);
        if (json.enabled) {
            json.print(command, report);
            return 0;
        }
        PrintWriter writer = command.commandLine().getOut();
        writer.printf(
                "%s, temperature %s, guidance %s%n",
                report.model(), report.sampling().temperature(), report.sampling().guidance());
        writer.printf(
                "dVAE, held-out drawings       PSNR %.2f dB, SSIM %.3f, codebook perplexity %.0f, %d of %d codes in use%n",
                report.psnr(),
                report.ssim(),
                report.codebookPerplexity(),
                report.codesInUse(),
                report.codes());
        writer.printf(
                "CLIP, held-out drawings       caption to drawing recall@1 %.0f %%, recall@5 %.0f %%%n",
                100 * report.recallAt1(), 100 * report.recallAt5());
        writer.printf(
                "caption accuracy              one picture %.0f %%, best of 16 %.0f %%%n",
                100 * report.captionAccuracy(), 100 * report.captionAccuracyBest());
        writer.printf(
                "nearest training drawing      mean correlation %.2f%n", report.nearestTraining());
        writer.print("best of N by CLIP score     ");
        report.bestOf().forEach((n, score) -> writer.printf("  %d: %.3f", n, score));
        writer.printf("%npictures in %s%n", out.resolve("index.html"));
        return 0;
    }
}
