package dev.nocturne.training.bench;

import ai.djl.engine.EngineException;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.BpeTrainer;
import dev.nocturne.models.transformer.CancelledException;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.Spans;
import dev.nocturne.models.transformer.TransformerCosts;
import dev.nocturne.models.transformer.TransformerFamily;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How fast the models of given sizes run here, one by one and without the pipeline. The weights are
 * random: speed does not depend on them.
 */
public final class ModelBenchmark {
    /** Candidates of a caption, as a batch has them in use. */
    private static final int CANDIDATES = 16;

    /** What libtorch says when memory is not enough, on a GPU or beside it. */
    private static final Pattern OUT_OF_MEMORY =
            Pattern.compile("out of memory|can't allocate memory");

    static final String CAPTION = "box";
    static final BpeTokenizer TOKENIZER = BpeTrainer.train(List.of(CAPTION), 512, 8);

    private final PartSizes sizes;
    private final Set<Work> asked;
    private final Precision precision;
    private final boolean countOperations;
    private final Stopwatch stopwatch;
    private final Consumer<Row> rows;
    private final Consumer<TooLarge> tooLarge;

    /** What is measured. */
    public enum Work {
        TRANSFORMER_DRAW("transformer draw"),
        DVAE_ENCODE("dVAE encode"),
        DVAE_DECODE("dVAE decode"),
        CLIP_PICTURES("CLIP pictures"),
        CLIP_CAPTIONS("CLIP captions"),
        DVAE_TRAIN("dVAE train"),
        CLIP_TRAIN("CLIP train"),
        TRANSFORMER_TRAIN("transformer train");

        private final String label;

        Work(String label) {
            this.label = label;
        }

        @Override
        @JsonValue
        public String toString() {
            return label;
        }
    }

    /**
     * One measurement after a warm-up: the median of several runs, or the only run of a long draw.
     *
     * @param work what was done
     * @param batch how many at a time
     * @param perSecond images, or captions, or examples trained on
     * @param tokensPerSecond drawn or trained on; 0 where there are none
     * @param millisPerPosition of a batch that is drawn; 0 elsewhere
     * @param flopsPerSecond by arithmetic from the sizes
     * @param bytesPerSecond of weights, keys and values read while drawing; 0 elsewhere
     * @param javaShare of the time spent outside the TorchScript program. On a GPU the program
     *     returns before the device is done, and this says nothing
     * @param operations operator calls that compute, of a layer for each position of a batch that
     *     is drawn; 0 elsewhere, and if they were not asked for
     * @param memoryBytes the most that the process held meanwhile, resident; 0 where the system
     *     doesn't tell. On a GPU the most that was taken of its memory, by others too
     */
    public record Row(
            Work work,
            int batch,
            double perSecond,
            double tokensPerSecond,
            double millisPerPosition,
            double flopsPerSecond,
            double bytesPerSecond,
            double javaShare,
            double operations,
            long memoryBytes) {

        /** Of work that counts neither tokens nor positions. */
        static Row of(Work work, int batch, double flops, Stopwatch.Timing timing) {
            return new Row(
                    work,
                    batch,
                    batch / timing.seconds(),
                    0,
                    0,
                    batch * flops / timing.seconds(),
                    0,
                    timing.javaShare(),
                    0,
                    timing.memoryBytes());
        }
    }

    /**
     * A row that could not be measured, because memory did not suffice.
     *
     * @param reason as Java or libtorch gives it, on one line
     */
    public record TooLarge(Work work, int batch, String reason) {}

    private ModelBenchmark(
            PartSizes sizes,
            Set<Work> asked,
            Precision precision,
            boolean countOperations,
            double leastSeconds,
            Consumer<Row> rows,
            Consumer<TooLarge> tooLarge) {
        this.sizes = sizes;
        this.asked = asked;
        this.precision = precision;
        this.countOperations = countOperations;
        this.stopwatch = new Stopwatch(leastSeconds);
        this.rows = rows;
        this.tooLarge = tooLarge;
    }

    /**
     * @param asked what to measure
     * @param batches for drawing, decoding and embedding pictures; training takes the largest
     * @param countOperations of drawing, by one more batch, of one
     * @param leastSeconds that each measurement takes
     * @param rows is given each row when it is measured
     * @param tooLarge is given what memory did not suffice for; the others are measured all the
     *     same. Where the system promises more memory than it has, it may end the process instead
     * @throws InvalidModelException if some of it can't be measured of models of these sizes
     */
    public static void run(
            PartSizes sizes,
            Set<Work> asked,
            List<Integer> batches,
            Precision precision,
            boolean countOperations,
            double leastSeconds,
            Consumer<Row> rows,
            Consumer<TooLarge> tooLarge)
            throws InvalidModelException {
        Set<Work> measurable = sizes.measurable();
        if (!measurable.containsAll(asked)) {
            throw new InvalidModelException(
                    "of this model can be measured: %s; for the rest, give one that nocturne train made"
                            .formatted(
                                    measurable.stream()
                                            .map(Work::toString)
                                            .collect(Collectors.joining(", "))));
        }
        new ModelBenchmark(sizes, asked, precision, countOperations, leastSeconds, rows, tooLarge)
                .measure(batches);
    }

    private void measure(List<Integer> batches) {
        for (int batch : batches) {
            row(Work.TRANSFORMER_DRAW, batch, () -> draw(batch));
        }
        for (int batch : batches) {
            row(Work.DVAE_ENCODE, batch, () -> encode(batch));
            row(Work.DVAE_DECODE, batch, () -> decode(batch));
        }
        for (int batch : batches) {
            row(Work.CLIP_PICTURES, batch, () -> pictures(batch));
        }
        row(Work.CLIP_CAPTIONS, 1, this::captions);
        int largest = Collections.max(batches);
        TrainingBenchmark training = new TrainingBenchmark(sizes, precision, stopwatch);
        row(Work.DVAE_TRAIN, largest, () -> training.dvae(largest));
        row(Work.CLIP_TRAIN, largest, () -> training.clip(largest));
        row(Work.TRANSFORMER_TRAIN, largest, () -> training.transformer(largest));
    }

    /** Gives a row if it is asked for, or tells that memory did not suffice for it. */
    private void row(Work work, int batch, Supplier<Row> measurement) {
        if (!asked.contains(work)) {
            return;
        }
        Row row;
        try {
            row = measurement.get();
        } catch (OutOfMemoryError e) {
            tooLarge.accept(new TooLarge(work, batch, String.valueOf(e.getMessage())));
            return;
        } catch (EngineException e) {
            tooLarge.accept(new TooLarge(work, batch, outOfMemory(e).orElseThrow(() -> e)));
            return;
        }
        rows.accept(row);
    }

    /** The line in which libtorch says that memory did not suffice, if that is what failed. */
    static Optional<String> outOfMemory(EngineException e) {
        return String.valueOf(e.getMessage())
                .lines()
                .filter(line -> OUT_OF_MEMORY.matcher(line).find())
                .map(String::strip)
                .findFirst();
    }

    private Row draw(int batch) {
        TransformerFamily architecture = sizes.transformer();
        List<Candidate> candidates =
                IntStream.range(0, batch)
                        .mapToObj(
                                i ->
                                        new Candidate(
                                                new int[] {i / CANDIDATES},
                                                CandidateSeeds.mixed(1, i),
                                                Sampling.PLAIN,
                                                PrimedTokens.NONE))
                        .toList();
        try (GridGenerator generator = generator(batch)) {
            Stopwatch.Timing timing =
                    stopwatch.time(
                            () -> drawFirst(generator, candidates),
                            () -> generator.draw(candidates, () -> true),
                            generator::nanosInside);
            int length = architecture.gridLength();
            int captions = (batch + CANDIDATES - 1) / CANDIDATES;
            TransformerCosts costs = TransformerCosts.of(architecture, precision.bytes());
            double flops = batch * costs.flopsPerImage() + captions * costs.flopsPerCaption();
            double read =
                    length * TransformerCosts.weightBytesRead(architecture, precision.bytes())
                            + batch * costs.keyValueBytesRead(Math.min(batch, CANDIDATES));
            return new Row(
                    Work.TRANSFORMER_DRAW,
                    batch,
                    batch / timing.seconds(),
                    batch * length / timing.seconds(),
                    1e3 * timing.seconds() / length,
                    flops / timing.seconds(),
                    read / timing.seconds(),
                    timing.javaShare(),
                    countOperations ? operations(candidates.get(0)) : 0,
                    timing.memoryBytes());
        }
    }

    /**
     * Draws a batch of one, because the calling thread draws it and libtorch's profiler sees no
     * other. The count includes prefill, which is a few of many.
     */
    private double operations(Candidate candidate) {
        try (GridGenerator generator = generator(1)) {
            long all = Operations.count(() -> generator.draw(List.of(candidate), () -> true));
            TransformerFamily architecture = sizes.transformer();
            return (double) all / architecture.gridLength() / architecture.patterns().size();
        }
    }

    /** Of random weights, whose tokens cannot be guessed. */
    private GridGenerator generator(int batch) {
        TransformerFamily architecture = sizes.transformer();
        return new GridGenerator(
                RandomWeights.transformer(architecture.shapes(), architecture.patterns().size()),
                architecture,
                batch,
                precision,
                Spans.of(1));
    }

    /** The first positions are enough to warm up. */
    private static void drawFirst(GridGenerator generator, List<Candidate> candidates) {
        try {
            generator.draw(candidates, () -> false);
        } catch (CancelledException e) {
            // as meant
        }
    }

    /** With random weights; the caller closes it. */
    static DiscreteVae dvae(PartSizes sizes, Precision precision) {
        DvaeArchitecture architecture = sizes.ownDvae();
        return new DiscreteVae(
                RandomWeights.dvae(architecture), architecture, sizes.imageSize(), precision);
    }

    private Row encode(int batch) {
        int size = sizes.imageSize();
        byte[] pixels = new byte[batch * 3 * size * size];
        new SplittableRandom(1).nextBytes(pixels);
        try (DiscreteVae vae = dvae(sizes, precision)) {
            Stopwatch.Timing encode =
                    stopwatch.time(() -> vae.encode(pixels, batch), vae::nanosInside);
            return Row.of(Work.DVAE_ENCODE, batch, sizes.ownDvae().flopsToEncode(size), encode);
        }
    }

    private Row decode(int batch) {
        DvaeArchitecture architecture = sizes.ownDvae();
        int size = sizes.imageSize();
        int grid = size / architecture.downsampling();
        List<TokenGrid> grids =
                IntStream.range(0, batch)
                        .mapToObj(
                                i -> {
                                    int[] tokens = new int[grid * grid];
                                    Arrays.setAll(
                                            tokens, t -> (i + 31 * t) % architecture.vocabulary());
                                    return new TokenGrid(grid, grid, tokens);
                                })
                        .toList();
        try (DiscreteVae vae = dvae(sizes, precision)) {
            Stopwatch.Timing decode = stopwatch.time(() -> vae.decode(grids), vae::nanosInside);
            return Row.of(Work.DVAE_DECODE, batch, architecture.flopsToDecode(size), decode);
        }
    }

    private Clip clip() {
        ClipArchitecture architecture = sizes.clip().orElseThrow();
        int layers = Math.max(architecture.visionLayers(), architecture.textLayers());
        return new Clip(
                RandomWeights.transformer(architecture.shapes(), layers),
                architecture,
                TOKENIZER,
                precision);
    }

    private Row pictures(int batch) {
        ClipArchitecture architecture = sizes.clip().orElseThrow();
        int size = architecture.imageSize();
        BufferedImage picture = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        List<BufferedImage> pictures = Collections.nCopies(batch, picture);
        try (Clip clip = clip()) {
            Stopwatch.Timing embed =
                    stopwatch.time(() -> clip.embedImages(pictures), clip::nanosInside);
            return Row.of(Work.CLIP_PICTURES, batch, architecture.flopsPerPicture(), embed);
        }
    }

    private Row captions() {
        try (Clip clip = clip()) {
            Stopwatch.Timing text =
                    stopwatch.time(() -> clip.embedText(CAPTION), clip::nanosInside);
            double flops = sizes.clip().orElseThrow().flopsPerCaption();
            return Row.of(Work.CLIP_CAPTIONS, 1, flops, text);
        }
    }
}
