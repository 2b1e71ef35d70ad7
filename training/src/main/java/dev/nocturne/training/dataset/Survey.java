package dev.nocturne.training.dataset;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.runtime.PictureDecoder;
import dev.nocturne.runtime.PictureDecoder.UnreadablePictureException;
import dev.nocturne.runtime.PictureHeader;
import java.awt.image.BufferedImage;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Goes through all pictures once before anything is learned: decodes each, lists those to learn
 * from and those held out, and writes down what is left out and why.
 */
final class Survey implements SampleReader.Sink, Closeable {
    static final String TRAINING = "training";
    static final String HELD_OUT = "held-out";
    static final String LEFT_OUT = "left-out.tsv";
    private static final String REPORT = "survey.json";

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration TOLD_EVERY = Duration.ofSeconds(20);

    /** Pictures decoded together, on all processors. */
    private static final int TOGETHER = 64;

    /** Of more pictures than these some are held out by their hashes. */
    private static final int FEW = 10_000;

    private final Storage storage;
    private final DataOptions options;
    private final Path folder;
    private final PrintStream log;
    private final SampleList.Writer training;
    private final SampleList.Writer heldOut;
    private final Writer leftOut;
    private final Map<LeftOut, Long> reasons = new EnumMap<>(LeftOut.class);
    private final List<Found> waiting = new ArrayList<>();
    private long captions;
    private long told = System.nanoTime();

    /**
     * What came of it.
     *
     * @param training pictures to learn from
     * @param captions of both
     */
    record Report(long training, long heldOut, long captions, Map<LeftOut, Long> leftOut) {

        /** Without those that were asked to be. */
        long leftOutPictures() {
            return leftOut.entrySet().stream()
                    .filter(reason -> reason.getKey() != LeftOut.BELOW)
                    .mapToLong(Map.Entry::getValue)
                    .sum();
        }

        /** Words for the log: "2 damaged, 1 without a caption". */
        String reasons() {
            List<String> words = new ArrayList<>();
            leftOut.forEach((why, count) -> words.add("%,d %s".formatted(count, why)));
            return String.join(", ", words);
        }
    }

    private record Found(Place place, byte[] file, List<String> captions, Painted painted) {}

    /**
     * @param problem null if the picture can be read
     */
    private record Examined(Found found, long hash, LeftOut why, String problem) {
        SampleList.Sample sample() {
            return new SampleList.Sample(found.place, found.captions, found.painted.tokens(), hash);
        }
    }

    private Survey(Storage storage, DataOptions options, Path folder, PrintStream log)
            throws IOException {
        this.storage = storage;
        this.options = options;
        this.folder = folder;
        this.log = log;
        this.training = new SampleList.Writer(folder, TRAINING);
        this.heldOut = new SampleList.Writer(folder, HELD_OUT);
        this.leftOut = Files.newBufferedWriter(folder.resolve(LEFT_OUT));
    }

    /**
     * @param folder where the lists go; what is there is written over
     */
    static void make(
            SampleReader reader, Storage storage, DataOptions options, Path folder, PrintStream log)
            throws IOException {
        Report report;
        try (Survey survey = new Survey(storage, options, folder, log)) {
            reader.read(survey);
            survey.examine();
            report =
                    new Report(
                            survey.training.size(),
                            survey.heldOut.size(),
                            survey.captions,
                            survey.reasons);
        }
        boolean noneHeldOut = report.heldOut == 0 && options.heldOut() > 0;
        if (noneHeldOut && report.training > 1 && report.training <= FEW) {
            report = holdOutOne(folder, report);
        }
        JSON.writeValue(folder.resolve(REPORT).toFile(), report);
    }

    static Report read(Path folder) throws IOException {
        return JSON.readValue(folder.resolve(REPORT).toFile(), Report.class);
    }

    @Override
    public void sample(Place place, byte[] file, List<String> captionsFound, Painted painted)
            throws IOException {
        OptionalDouble score = painted.score();
        if (options.leastScore().isPresent()) {
            if (score.isEmpty()) {
                leftOut(name(place), LeftOut.UNSCORED, "");
                return;
            }
            if (!(score.getAsDouble() >= options.leastScore().getAsDouble())) {
                leftOut(name(place), LeftOut.BELOW, String.valueOf(score.getAsDouble()));
                return;
            }
        }
        if (captionsFound.isEmpty() && !options.uncaptioned()) {
            leftOut(name(place), LeftOut.UNCAPTIONED, "");
            return;
        }
        waiting.add(new Found(place, file, captionsFound, painted));
        if (waiting.size() == TOGETHER) {
            examine();
        }
    }

    @Override
    public void leftOut(String name, LeftOut why, String detail) throws IOException {
        reasons.merge(why, 1L, Long::sum);
        leftOut.write("%s\t%s\t%s%n".formatted(name, why, detail));
    }

    private static String name(Place place) {
        return place.length() == Place.TO_THE_END
                ? place.file()
                : place.file() + " at byte " + place.offset();
    }

    private void examine() throws IOException {
        List<Examined> examined;
        try {
            examined = waiting.parallelStream().map(this::examined).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        waiting.clear();
        for (Examined one : examined) {
            if (one.problem != null) {
                leftOut(name(one.found.place), one.why, one.problem);
                continue;
            }
            captions += one.found.captions.size();
            boolean held = (one.hash >>> 11) * 0x1.0p-53 < options.heldOut();
            (held ? heldOut : training).add(one.sample());
        }
        if (System.nanoTime() - told > TOLD_EVERY.toNanos()) {
            told = System.nanoTime();
            log.printf("%,d pictures read%n", training.size() + heldOut.size());
        }
    }

    private Examined examined(Found found) {
        try {
            byte[] file = found.file != null ? found.file : storage.read(found.place);
            BufferedImage picture = PictureDecoder.decode(file, PictureNames.READ);
            if (!PictureHeader.of(file).ended()) {
                return new Examined(found, 0, LeftOut.DAMAGED, "its end is cut off");
            }
            return new Examined(found, hash(picture), null, null);
        } catch (UnreadablePictureException e) {
            return new Examined(found, 0, LeftOut.DAMAGED, e.getMessage());
        } catch (FileSystemException e) {
            return new Examined(found, 0, LeftOut.MISSING, e.getClass().getSimpleName());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of size and pixels, however they are stored. */
    private static long hash(BufferedImage picture) {
        int width = picture.getWidth();
        int[] row = new int[width];
        long hash = width;
        for (int y = 0; y < picture.getHeight(); y++) {
            picture.getRGB(0, y, width, 1, row, 0, width);
            for (int pixel : row) {
                hash = (hash ^ pixel) * 0x100000001b3L;
            }
        }
        return Shuffle.mixed(hash);
    }

    /** Of few pictures chance may hold out none: then it is the one with the least hash. */
    private static Report holdOutOne(Path folder, Report report) throws IOException {
        List<SampleList.Sample> all = new ArrayList<>();
        try (SampleList list = SampleList.open(folder, TRAINING)) {
            for (long i = 0; i < list.size(); i++) {
                all.add(list.get(i));
            }
        }
        Set<Long> hashes = new HashSet<>();
        all.forEach(sample -> hashes.add(sample.hash()));
        if (hashes.size() < 2) {
            return report; // copies of one picture
        }
        long least = hashes.stream().min(Long::compareUnsigned).orElseThrow();
        try (SampleList.Writer training = new SampleList.Writer(folder, TRAINING);
                SampleList.Writer heldOut = new SampleList.Writer(folder, HELD_OUT)) {
            for (SampleList.Sample sample : all) {
                (sample.hash() == least ? heldOut : training).add(sample);
            }
            return new Report(training.size(), heldOut.size(), report.captions, report.leftOut);
        }
    }

    @Override
    public void close() throws IOException {
        training.close();
        heldOut.close();
        leftOut.close();
    }
}
