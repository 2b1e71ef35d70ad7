package dev.nocturne.standalone.model;

import dev.nocturne.training.recipe.LayerKind;
import dev.nocturne.training.recipe.Share;
import java.nio.file.Path;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Where a part goes on from. */
final class FromOption {
    /** Of what a training that begins from nothing learns with. */
    private static final double FINE_TUNING_RATE = 0.25;

    @Option(
            names = "--from",
            paramLabel = "BUNDLE",
            description = {
                "Directory of a model whose weights are trained",
                "further, in its sizes. A DIR that is not there",
                "begins with its other parts. The learning rate",
                "is a quarter then, unless it is given."
            })
    Path bundle;

    @Option(
            names = "--only",
            paramLabel = "KIND",
            split = ",",
            description = {
                "Trains layers of these kinds alone: ATTENTION,",
                "MLP, NORMS, EMBEDDINGS, HEADS; all else stays."
            })
    Set<LayerKind> only = Set.of();

    @Option(
            names = "--adapters",
            paramLabel = "RANK",
            description = {
                "Trains two thin matrices beside each one of",
                "--only, else of attention and MLPs, in its place;",
                "they are added to it at the end. 8 is usual."
            })
    Integer adapters;

    /** What of it is trained. */
    Share share(CommandSpec command) {
        if (adapters != null && adapters < 1) {
            throw new ParameterException(
                    command.commandLine(),
                    "--adapters is %d: give a rank of at least 1".formatted(adapters));
        }
        return new Share(only, adapters == null ? 0 : adapters);
    }

    /** Options that say what of a model is trained need one. */
    void requireNoShare(CommandSpec command) {
        if (!only.isEmpty() || adapters != null) {
            throw new ParameterException(
                    command.commandLine(),
                    "--only and --adapters say what of another model is trained further: give that with --from");
        }
    }

    /**
     * @param sizes options that say how large the part is
     */
    void prepare(CommandSpec command, StepOptions plan, String... sizes) {
        CommandLine.ParseResult given = command.commandLine().getParseResult();
        for (String size : sizes) {
            if (given.hasMatchedOption(size)) {
                throw new ParameterException(
                        command.commandLine(),
                        "%s is what %s has; leave it out".formatted(size, bundle));
            }
        }
        if (!given.hasMatchedOption("--learning-rate")) {
            plan.learningRate *= FINE_TUNING_RATE;
        }
    }
}
