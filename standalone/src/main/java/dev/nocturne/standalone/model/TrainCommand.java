package dev.nocturne.standalone.model;

import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.upscaler.UpscalerArchitecture;
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

/**
 * Trains a model from the emoji art or from one's own pictures; the defaults are those of the model
 * in the model zoo.
 */
@Command(
        name = "train",
        description = {
            "Trains one part of a model from the emoji art, or from your own",
            "pictures with --data.",
            "In this order: tokenizer, dvae, transformer; clip any time after the tokenizer,",
            "upscaler any time after the dvae.",
            "Ctrl-C or SIGTERM saves a checkpoint; the same command goes on from it."
        },
        subcommands = {
            TrainCommand.Tokenizer.class,
            TrainCommand.Dvae.class,
            TrainCommand.Transformer.class,
            TrainCommand.Clip.class,
            TrainCommand.Upscaler.class
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
                description = {
                    "Share of two-object scenes of the art",
                    "(default: ${DEFAULT-VALUE})."
                })
        double scenes;

        @Option(
                names = "--seed",
                paramLabel = "N",
                defaultValue = "1",
                description = "Seed of data and first weights (default: ${DEFAULT-VALUE}).")
        long seed;

        @Mixin OwnPictureOptions own;

        Training training() {
            return new Training(directory, own.place(), System.out);
        }
    }

    /** Of models whose batches can be computed in parts. */
    static final class PartsOption {
        @Option(
                names = "--accumulate",
                paramLabel = "N",
                defaultValue = "1",
                description = {
                    "Parts of a batch whose gradients are added up:",
                    "the same step in less memory",
                    "(default: ${DEFAULT-VALUE})."
                })
        int accumulate;
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
        @Mixin StepOptions plan = new StepOptions(5000, 16, 8e-4, 250);
        @Mixin PartsOption parts;

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
            model.training()
                    .dvae(architecture, published, beta, plan.with(model, parts.accumulate));
            return 0;
        }
    }

    @Command(name = "transformer", description = "Trains the transformer.")
    static final class Transformer implements Callable<Integer> {
        @Mixin ModelOption model;
        @Mixin StepOptions plan = new StepOptions(2000, 48, 1.2e-3, 300);
        @Mixin PartsOption parts;
        @Mixin FromOption from;
        @Spec CommandSpec command;

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

        @Option(
                names = "--guidance",
                paramLabel = "X",
                description = {
                    "Learns to draw without guidance as --from does",
                    "with this one: a picture takes half the work."
                })
        Double guidance;

        @Override
        public Integer call() throws IOException {
            if (guidance != null && !(from.bundle != null && guidance > 1)) {
                throw new ParameterException(
                        command.commandLine(),
                        "--guidance is what a transformer learns to draw as, with it: give one above 1, and the transformer with --from");
            }
            if (from.bundle != null) {
                from.prepare(command, plan, "--layers", "--width", "--attention");
                model.training()
                        .transformerFrom(
                                from.bundle,
                                from.share(command),
                                guidance == null ? 1 : guidance,
                                plan.with(model, parts.accumulate));
                return 0;
            }
            from.requireNoShare(command);
            model.training()
                    .transformer(layers, width, attention, plan.with(model, parts.accumulate));
            return 0;
        }
    }

    @Command(name = "clip", description = "Trains CLIP, which ranks the candidates.")
    static final class Clip implements Callable<Integer> {
        @Mixin ModelOption model;
        @Mixin StepOptions plan = new StepOptions(6500, 192, 1e-3, 500);
        @Mixin PartsOption parts;
        @Mixin FromOption from;
        @Spec CommandSpec command;

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
            if (from.bundle != null) {
                from.prepare(command, plan, "--layers", "--width", "--patch");
                model.training()
                        .clipFrom(
                                from.bundle,
                                from.share(command),
                                plan.with(model, parts.accumulate));
                return 0;
            }
            from.requireNoShare(command);
            model.training().clip(layers, width, patch, plan.with(model, parts.accumulate));
            return 0;
        }
    }

    @Command(
            name = "upscaler",
            description = "Trains the upscaler, which makes pictures four times as large.")
    static final class Upscaler implements Callable<Integer> {
        @Mixin ModelOption model;
        @Mixin StepOptions plan = new StepOptions(6000, 8, 1e-3, 1000);

        @Option(
                names = "--features",
                paramLabel = "N",
                defaultValue = "48",
                description = "Channels of the residual blocks (default: ${DEFAULT-VALUE}).")
        int features;

        @Option(
                names = "--blocks",
                paramLabel = "N",
                defaultValue = "6",
                description = "Residual blocks (default: ${DEFAULT-VALUE}).")
        int blocks;

        @Override
        public Integer call() throws IOException {
            model.training()
                    .upscaler(new UpscalerArchitecture(features, blocks), plan.with(model, 1));
            return 0;
        }
    }
}
