package dev.nocturne.training.dataset;

import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Pictures that were gone through. The lists of them stay on disk under a name that changes with
 * the files and the options, so that the next part, and a training that goes on, start at once.
 */
public final class OwnData implements Closeable {
    /** Of the lists' format and of what is asked of a picture. */
    private static final String VERSION = "2";

    private static final int KEY_BYTES = 8;

    private final DataOptions options;
    private final Storage storage;
    private final Path folder;
    private final SampleList training;
    private final SampleList heldOut;

    private OwnData(DataOptions options, Storage storage, Path folder) throws IOException {
        this.options = options;
        this.storage = storage;
        this.folder = folder;
        this.training = SampleList.open(folder, Survey.TRAINING);
        this.heldOut = SampleList.open(folder, Survey.HELD_OUT);
    }

    /**
     * Goes through the pictures, unless that was done before.
     *
     * @param cache the folder of all lists
     * @throws IOException if there is nothing to learn from, or more is left out than may be
     */
    public static OwnData open(DataOptions options, Storage storage, Path cache, PrintStream log)
            throws IOException {
        SampleReader reader = DataPlaces.of(options.place(), options.columns(), storage);
        Path folder = cache.resolve(key(reader, options));
        Files.createDirectories(cache);
        Survey.Report report;
        // another part of the model may be trained at the same time: it waits, and finds the lists
        try (ProcessLock alone = ProcessLock.of(cache)) {
            if (!Files.exists(folder)) {
                Path unfinished = cache.resolve("unfinished");
                Files.createDirectories(unfinished);
                Survey.make(reader, storage, options, unfinished, log);
                Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
            }
            report = Survey.read(folder);
        }
        log.printf(
                "%s: %,d pictures to learn from, %,d held out, %,d captions%s%n",
                options.place(),
                report.training(),
                report.heldOut(),
                report.captions(),
                report.leftOut().isEmpty()
                        ? ""
                        : "; left out: %s (%s)"
                                .formatted(report.reasons(), folder.resolve(Survey.LEFT_OUT)));
        requireEnough(report, options, folder);
        return new OwnData(options, storage, folder);
    }

    private static void requireEnough(Survey.Report report, DataOptions options, Path folder)
            throws IOException {
        long leftOut = report.leftOutPictures();
        double share = (double) leftOut / (leftOut + report.training() + report.heldOut());
        if (leftOut > 0 && share > options.mostLeftOut()) {
            throw new IOException(
                    "%s: %.1f %% of the pictures are left out (%s), more than %.1f %%: see %s; mend them, or give --most-left-out%s"
                            .formatted(
                                    options.place(),
                                    100 * share,
                                    report.reasons(),
                                    100 * options.mostLeftOut(),
                                    folder.resolve(Survey.LEFT_OUT),
                                    advice(report)));
        }
        if (report.training() == 0 && report.leftOut().containsKey(LeftOut.BELOW)) {
            throw new IOException(
                    "%s has no picture of a score of %s or more, but %,d below: see %s; give a lower --least-score"
                            .formatted(
                                    options.place(),
                                    options.leastScore().orElseThrow(),
                                    report.leftOut().get(LeftOut.BELOW),
                                    folder.resolve(Survey.LEFT_OUT)));
        }
        if (report.training() == 0) {
            throw new IOException(
                    "%s has no pictures to learn from (PNG, JPEG, WebP or GIF); correct --data"
                            .formatted(options.place()));
        }
    }

    private static String advice(Survey.Report report) {
        if (report.leftOut().containsKey(LeftOut.UNCAPTIONED)) {
            return ", or --uncaptioned to learn from pictures without a caption, too";
        }
        return report.leftOut().containsKey(LeftOut.UNSCORED)
                ? ", or leave out --least-score: scores stand in the shards of jobs whose model has a CLIP"
                : "";
    }

    private static String key(SampleReader reader, DataOptions options) throws IOException {
        MessageDigest digest = sha256();
        String leastScore =
                options.leastScore().isPresent() ? "\n" + options.leastScore().getAsDouble() : "";
        String asked =
                String.join(
                        "\n",
                        VERSION,
                        options.place(),
                        options.columns().toString(),
                        String.valueOf(options.uncaptioned()),
                        options.heldOut() + leastScore);
        digest.update(asked.getBytes(StandardCharsets.UTF_8));
        reader.stamps(
                (file, stamp) ->
                        digest.update(
                                (file + "\n" + stamp + "\n").getBytes(StandardCharsets.UTF_8)));
        return HexFormat.of().formatHex(digest.digest(), 0, KEY_BYTES);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }

    /** Pictures to learn from. */
    public long size() {
        return training.size();
    }

    /**
     * The pictures in one size; to be closed in place of this.
     *
     * @param seed of the order in each epoch
     * @param fitted makes a caption as short as the model wants it
     */
    public OwnPictures pictures(int imageSize, long seed, UnaryOperator<String> fitted) {
        return new OwnPictures(
                new OwnPictures.Lists(training, heldOut, storage, folder),
                options.views(),
                imageSize,
                seed,
                fitted);
    }

    /** A caption, of those to learn from, that fulfils the condition; reads all until it does. */
    public Optional<String> anyCaption(Predicate<String> condition) throws IOException {
        for (long number = 0; number < training.size(); number++) {
            Optional<String> found =
                    training.get(number).captions().stream().filter(condition).findFirst();
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    @Override
    public void close() throws IOException {
        training.close();
        heldOut.close();
    }
}
