package dev.nocturne.standalone.model;

import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.training.recipe.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trains a model from the emoji art; the defaults are those of the model in the model zoo. */
@Command(
        name = "train",
        description = {
            "Trains one part of a model from the emoji art.",
            "In this order: tokenizer, dvae, transformer; clip any time after the tokenizer.",
            "Ctrl-C or SIGTERM saves a checkpoint; the same command goes on from it."
        },
        subcommands = {
            TrainCommand.Tokenizer.class,
            TrainCommand.Dvae.class,
            TrainCommand.Transformer.class,
            TrainCommand.Clip.class
        })
public final class TrainCommand {

    /** What every part asks for. */
    static final class ModelOption {
        @Option(
                names = "--model",
                paramLabel = "DIR",
                required = true,
                description = {
                    "Directory of the model in the making;",
                    "checkpoints and pictures go to DIR/training."
                })
        Path directory;

        @Option(
                names = "--scenes",
                paramLabel = "SHARE",
                defaultValue = "0.35",
                description = "Share of two-object scenes (default: ${DEFAULT-VALUE}).")
        double scenes;

        @Option(
                names = "--seed",
                paramLabel = "N",
                defaultValue = "1",
                description = "Seed of data and first weights (default: ${DEFAULT-VALUE}).")
        long seed;

        Training training() {
            return new Training(directory, System.out);
        }
    }

    /** How long and how fast; the defaults are the initial values, which each part sets. */
    static final class PlanOptions {
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

        PlanOptions(long steps, int batch, double learningRate, long evaluateEvery) {
            this.steps = steps;
            this.batch = batch;
            this.learningRate = learningRate;
            this.evaluateEvery = evaluateEvery;
        }

        Training.Options with(ModelOption model) {
            return new Training.Options(
                    steps, batch, learningRate, model.scenes, evaluateEvery, model.seed);
        }
    }

    @Command(name = "tokenizer", description = "Learns the tokenizer and begins a model.")
    static final class Tokenizer implements Callable<Integer> {
        @Mixin ModelOption model;

        @Option(
                names = "--name",
                defaultValue = "nocturne-emoji",
                description = "Name of a new model (default: ${DEFAULT-VALUE}).")
        String name;

        @Option(
                names = "--image-size",
                paramLabel = "PIXELS",
                defaultValue = "64",
                description = "Side of its pictures (default: ${DEFAULT-VALUE}).")
        int imageSize;

        @Option(
                names = "--vocabulary",
                paramLabel = "N",
                defaultValue = "2048",
                description = "Tokens to learn (default: ${DEFAULT-VALUE}).")
        int vocabulary;

        @Option(
                names = "--text-length",
                paramLabel = "N",
                defaultValue = "20",
                description = "The most tokens of a caption (default: ${DEFAULT-VALUE}).")
        int textLength;

        @Override
        public Integer call() throws IOException {
            model.training()
                    .tokenizer(name, imageSize, vocabulary, textLength, model.scenes, model.seed);
            return 0;
        }
    }

    @Command(name = "dvae", description = "Trains the discrete VAE.")
    static final class Dvae implements Callable<Integer> {
        @Mixin ModelOption model;
        @Mixin PlanOptions plan = new PlanOptions(5000, 16, 8e-4, 250);

        @Option(
                names = "--hidden",
                paramLabel = "N",
                defaultValue = "48",
                description = "Channels of the first group (default: ${DEFAULT-VALUE}).")
        int hidden;

        @Option(
                names = "--groups",
                paramLabel = "N",
                defaultValue = "4",
                description = "A token is 2^(N-1) pixels wide (default: ${DEFAULT-VALUE}).")
        int groups;

        @Option(
                names = "--blocks",
                paramLabel = "N",
                defaultValue = "1",
                description = "Residual blocks in a group (default: ${DEFAULT-VALUE}).")
        int blocks;

        @Option(
                names = "--codebook",
                paramLabel = "N",
                defaultValue = "1024",
                description = "Codes (default: ${DEFAULT-VALUE}).")
        int codebook;

        @Option(
                names = "--code-width",
                paramLabel = "N",
                defaultValue = "128",
                description = "Length of a code's vector (default: ${DEFAULT-VALUE}).")
        int codeWidth;

        @Option(
                names = "--published",
                description = {
                    "Architecture and schedules of the paper: resampling by maximum and",
                    "repetition, relaxation from the first step on. Needs long training."
                })
        boolean published;

        @Option(
                names = "--kl-weight",
                paramLabel = "BETA",
                description = "Weight of the KL (default: 0.2; with --published 6.6).")
        Double klWeight;

        @Spec CommandSpec command;

        @Override
        public Integer call() throws IOException {
            if (!published && codebook < codeWidth) {
                throw new ParameterException(
                        command.commandLine(),
                        "--codebook is %d and --code-width %d: before there are codes, the encoder's outputs are code vectors, so give at least as many codes"
                                .formatted(codebook, codeWidth));
            }
            DvaeArchitecture architecture =
                    new DvaeArchitecture(hidden, groups, blocks, codebook, codeWidth, !published);
            double beta = klWeight != null ? klWeight : published ? 6.6 : 0.2;
            model.training().dvae(architecture, published, beta, plan.with(model));
            return 0;
        }
    }

    @Command(name = "transformer", description = "Trains the transformer.")
    static final class Transformer implements Callable<Integer> {
        @Mixin ModelOption model;
        @Mixin PlanOptions plan = new PlanOptions(2000, 48, 1.2e-3, 300);

        @Option(
                names = "--layers",
                paramLabel = "N",
                defaultValue = "6",
                description = "Residual blocks (default: ${DEFAULT-VALUE}).")
        int layers;

        @Option(
                names = "--width",
                paramLabel = "N",
                defaultValue = "256",
                description = "Width, a multiple of 64 (default: ${DEFAULT-VALUE}).")
        int width;

        @Option(
                names = "--attention",
                paramLabel = "LAYOUT",
                defaultValue = "DENSE",
                description = {
                    "SPARSE: rows and columns, as published;",
                    "DENSE: every layer all positions (default: ${DEFAULT-VALUE})."
                })
        TransformerArchitecture.Attention attention;

        @Override
        public Integer call() throws IOException {
            model.training().transformer(layers, width, attention, plan.with(model));
            return 0;
        }
    }

    @Command(name = "clip", description = "Trains CLIP, which ranks the candidates.")
    static final class Clip implements Callable<Integer> {
        @Mixin ModelOption model;
        @Mixin PlanOptions plan = new PlanOptions(6500, 192, 1e-3, 500);

        @Option(
                names = "--layers",
                paramLabel = "N",
                defaultValue = "4",
                description = {
                    "Residual blocks of the image tower;",
                    "the text tower has half as many (default: ${DEFAULT-VALUE})."
                })
        int layers;

        @Option(
                names = "--width",
                paramLabel = "N",
                defaultValue = "192",
                description = "Width, a multiple of 64 (default: ${DEFAULT-VALUE}).")
        int width;

        @Option(
                names = "--patch",
                paramLabel = "PIXELS",
                defaultValue = "8",
                description = "Side of a patch (default: ${DEFAULT-VALUE}).")
        int patch;

        @Override
        public Integer call() throws IOException {
            model.training().clip(layers, width, patch, plan.with(model));
            return 0;
        }
    }
}
