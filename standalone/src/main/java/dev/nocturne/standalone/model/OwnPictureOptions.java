package dev.nocturne.standalone.model;

import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.standalone.terminal.CommandFailure;
import dev.nocturne.training.dataset.Columns;
import dev.nocturne.training.dataset.DataOptions;
import dev.nocturne.training.dataset.Storage;
import dev.nocturne.training.dataset.Views;
import dev.nocturne.training.recipe.OwnPlace;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import picocli.CommandLine.Option;

/** Which pictures of one's own to learn from, and how; docs/training.md has them at length. */
final class OwnPictureOptions {
    @Option(
            names = "--data",
            paramLabel = "PLACE",
            description = {
                "Your own pictures in place of the emoji art:",
                "a folder, a table (.csv, .tsv, .jsonl), shards",
                "('{00000..00099}.tar') or s3://bucket/prefix;",
                "see docs/training.md."
            })
    String data;

    @Option(
            names = "--image-column",
            paramLabel = "NAME",
            description = {
                "Column of a table with the pictures' paths",
                "(default: the usual names)."
            })
    String imageColumn;

    @Option(
            names = "--caption-column",
            paramLabel = "NAME",
            description = {
                "Column, or field of .json, with the captions",
                "(default: the usual names)."
            })
    String captionColumn;

    @Option(
            names = "--crop",
            paramLabel = "KIND",
            defaultValue = "CENTRE",
            description = {
                "CENTRE: the middle square; PAD: the whole",
                "picture on a square of --background; RANDOM:",
                "eight squares in it (default: ${DEFAULT-VALUE})."
            })
    Views.Crop crop;

    @Option(
            names = "--mirror",
            description = {"Shows pictures mirrored, too;", "not if captions say left or right."})
    boolean mirror;

    @Option(
            names = "--background",
            paramLabel = "RRGGBB",
            defaultValue = "ffffff",
            description = {
                "Colour under what is transparent, and around",
                "what is padded (default: ${DEFAULT-VALUE})."
            })
    String background;

    @Option(
            names = "--uncaptioned",
            description = {
                "Learns from pictures without a caption, too,",
                "as if theirs was empty."
            })
    boolean uncaptioned;

    @Option(
            names = "--most-left-out",
            paramLabel = "SHARE",
            defaultValue = "0.05",
            description = {
                "Share that may be damaged or without a caption;",
                "with more, training does not begin",
                "(default: ${DEFAULT-VALUE})."
            })
    double mostLeftOut;

    @Option(
            names = "--held-out",
            paramLabel = "SHARE",
            defaultValue = "0.05",
            description = {
                "Share that is measured on, never trained on",
                "(default: ${DEFAULT-VALUE})."
            })
    double heldOut;

    @Option(
            names = "--least-score",
            paramLabel = "SCORE",
            description = {
                "Of the shards of a job: learns from pictures that",
                "ranking gave this score or a higher one."
            })
    Double leastScore;

    @Option(
            names = "--long-captions",
            paramLabel = "WHAT",
            defaultValue = "CUT",
            description = {
                "Captions longer than the model reads are CUT,",
                "or REFUSE them (default: ${DEFAULT-VALUE})."
            })
    OwnPlace.LongCaptions longCaptions;

    /** Empty if the emoji art is learned from. */
    Optional<OwnPlace> place() {
        return Optional.ofNullable(data)
                .map(
                        place ->
                                new OwnPlace(
                                        options(place),
                                        new Storage(bucket -> store(bucket, System.getenv())),
                                        longCaptions));
    }

    private DataOptions options(String place) {
        return new DataOptions(
                place,
                new Columns(Optional.ofNullable(imageColumn), Optional.ofNullable(captionColumn)),
                new Views(crop, mirror, colour()),
                uncaptioned,
                share("--most-left-out", mostLeftOut),
                share("--held-out", heldOut),
                leastScore == null ? OptionalDouble.empty() : OptionalDouble.of(leastScore));
    }

    private int colour() {
        if (!background.matches("#?[0-9a-fA-F]{6}")) {
            throw new CommandFailure(
                    "--background is %s: give six hexadecimal digits, like ffffff"
                            .formatted(background));
        }
        return Integer.parseInt(background.replace("#", ""), 16);
    }

    private static double share(String option, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new CommandFailure("%s is %s: give a share from 0 to 1".formatted(option, value));
        }
        return value;
    }

    /** The store of a bucket, by the variables that the services have. */
    static ObjectStore store(String bucket, Map<String, String> variables) {
        String endpoint = variables.get("NOCTURNE_S3_ENDPOINT");
        if (endpoint == null) {
            throw new CommandFailure(
                    "s3://%s: set NOCTURNE_S3_ENDPOINT to the URL of its store, and NOCTURNE_S3_ACCESS_KEY and NOCTURNE_S3_SECRET_KEY"
                            .formatted(bucket));
        }
        return ObjectStore.open(
                new ObjectStoreSettings(
                        endpoint,
                        variables.getOrDefault("NOCTURNE_S3_REGION", "us-east-1"),
                        ObjectStoreSettings.Keys.of(
                                Optional.ofNullable(variables.get("NOCTURNE_S3_ACCESS_KEY")),
                                Optional.ofNullable(variables.get("NOCTURNE_S3_SECRET_KEY")),
                                Optional.ofNullable(variables.get("NOCTURNE_S3_SESSION_TOKEN"))),
                        Optional.ofNullable(variables.get("NOCTURNE_S3_CA_FILE")).map(Path::of),
                        bucket,
                        "",
                        endpoint));
    }
}
