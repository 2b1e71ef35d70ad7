package dev.nocturne.standalone.model;

import dev.nocturne.training.recipe.Training;
import picocli.CommandLine.Option;

/** How long and how fast to train; the defaults are the initial values, which each part sets. */
final class StepOptions {
    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Training steps (default: ${DEFAULT-VALUE}).")
    long steps;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Pictures in a step (default: ${DEFAULT-VALUE}).")
    int batch;

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "Peak of the schedule (default: ${DEFAULT-VALUE}).")
    double learningRate;

    @Option(
            names = "--evaluate-every",
            paramLabel = "STEPS",
            description = "Steps between measurements (default: ${DEFAULT-VALUE}).")
    long evaluateEvery;

    @Option(
            names = "--keep",
            paramLabel = "N",
            defaultValue = "2",
            description = "Checkpoints that are kept (default: ${DEFAULT-VALUE}).")
    int keep;

    @Option(
            names = "--plan",
            description = {
                "Makes a few steps, keeps nothing of them, and says",
                "how long all would take, and in how much memory."
            })
    boolean plan;

    StepOptions(long steps, int batch, double learningRate, long evaluateEvery) {
        this.steps = steps;
        this.batch = batch;
        this.learningRate = learningRate;
        this.evaluateEvery = evaluateEvery;
    }

    Training.Options with(TrainCommand.ModelOption model, int accumulate) {
        return new Training.Options(
                steps,
                batch,
                accumulate,
                learningRate,
                model.scenes,
                evaluateEvery,
                model.seed,
                keep,
                plan);
    }
}
