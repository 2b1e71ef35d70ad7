package dev.nocturne.training;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.cuda.CudaUtils;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.LazyTensors;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Machine;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.BpeTrainer;
import dev.nocturne.models.transformer.CancelledException;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerCosts;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.training.data.Drawing;
import dev.nocturne.training.data.ExampleSource;
import dev.nocturne.training.data.ExampleSource.Placement;
import dev.nocturne.training.data.Sprite;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How fast the models of given sizes run here, one by one and without the pipeline. The weights are
 * random: speed does not depend on them.
 */
public final class ModelBenchmark {
    private static final int LEAST_RUNS = 3;

    /** After this one run is enough: it is the mean of many positions. */
    private static final double ENOUGH_SECONDS = 20;

    /** Candidates of a caption, as a batch has them in use. */
    private static final int CANDIDATES = 16;

    /** Of a training that is only begun. */
    private static final int STEPS = 1000;

    private static final double RATE = 1e-4;

    /** What libtorch says when memory is not enough, on a GPU or beside it. */
    private static final Pattern OUT_OF_MEMORY =
            Pattern.compile("out of memory|can't allocate memory");

    /** A prime number of them, so that the rows of no matrix are all the same. */
    private static final float[] NORMAL =
            InitialWeights.normal(new long[] {1_000_003}, 1, new SplittableRandom(1)).data();

    private static final String CAPTION = "box";
    private static final BpeTokenizer TOKENIZER = BpeTrainer.train(List.of(CAPTION), 512, 8);

    private final Sizes sizes;
    private final Set<Work> asked;
    private final Precision precision;
    private final double leastSeconds;
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
     * Sizes of the models.
     *
     * @param clip empty if there is none
     */
    public record Sizes(
            int imageSize,
            DvaeFamily dvae,
            TransformerFamily transformer,
            Optional<ClipArchitecture> clip) {

        /**
         * What can be measured of these: of a transformer from elsewhere, that it draws; of a dVAE
         * from elsewhere, nothing.
         */
        public Set<Work> measurable() {
            Set<Work> work = EnumSet.of(Work.TRANSFORMER_DRAW);
            if (dvae instanceof DvaeArchitecture) {
                work.addAll(List.of(Work.DVAE_ENCODE, Work.DVAE_DECODE, Work.DVAE_TRAIN));
            }
            if (clip.isPresent()) {
                work.addAll(List.of(Work.CLIP_PICTURES, Work.CLIP_CAPTIONS, Work.CLIP_TRAIN));
            }
            if (dvae instanceof DvaeArchitecture
                    && transformer instanceof TransformerArchitecture) {
                work.add(Work.TRANSFORMER_TRAIN);
            }
            return work;
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
            long memoryBytes) {}

    /**
     * A row that could not be measured, because memory did not suffice.
     *
     * @param reason as Java or libtorch gives it, on one line
     */
    public record TooLarge(Work work, int batch, String reason) {}

    private ModelBenchmark(
            Sizes sizes,
            Set<Work> asked,
            Precision precision,
            double leastSeconds,
            Consumer<Row> rows,
            Consumer<TooLarge> tooLarge) {
        this.sizes = sizes;
        this.asked = asked;
        this.precision = precision;
        this.leastSeconds = leastSeconds;
        this.rows = rows;
        this.tooLarge = tooLarge;
    }

    /**
     * @param asked what to measure
     * @param batches for drawing, decoding and embedding pictures; training takes the largest
     * @param leastSeconds that each measurement takes
     * @param rows is given each row when it is measured
     * @param tooLarge is given what memory did not suffice for; the others are measured all the
     *     same. Where the system promises more memory than it has, it may end the process instead
     * @throws InvalidModelException if some of it can't be measured of models of these sizes
     */
    public static void run(
            Sizes sizes,
            Set<Work> asked,
            List<Integer> batches,
            Precision precision,
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
        new ModelBenchmark(sizes, asked, precision, leastSeconds, rows, tooLarge).measure(batches);
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
        row(Work.DVAE_TRAIN, largest, () -> trainDvae(largest));
        row(Work.CLIP_TRAIN, largest, () -> trainClip(largest));
        row(Work.TRANSFORMER_TRAIN, largest, () -> trainTransformer(largest));
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

    /** For what is {@link Sizes#measurable} only if the dVAE is one of our own. */
    private DvaeArchitecture ownDvae() {
        return (DvaeArchitecture) sizes.dvae;
    }

    private Row draw(int batch) {
        TransformerFamily architecture = sizes.transformer;
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
        try (GridGenerator generator =
                new GridGenerator(
                        weights(architecture.shapes(), architecture.patterns().size()),
                        architecture,
                        batch,
                        precision)) {
            Timing timing =
                    time(
                            () -> drawFirst(generator, candidates),
                            () -> generator.draw(candidates, () -> true),
                            generator::nanosInside);
            int length = architecture.gridLength();
            int captions = (batch + CANDIDATES - 1) / CANDIDATES;
            TransformerCosts costs = TransformerCosts.of(architecture, bytes(precision));
            double flops = batch * costs.flopsPerImage() + captions * costs.flopsPerCaption();
            double read =
                    length * TransformerCosts.weightBytesRead(architecture, bytes(precision))
                            + batch * costs.keyValueBytesRead(Math.min(batch, CANDIDATES));
            return new Row(
                    Work.TRANSFORMER_DRAW,
                    batch,
                    batch / timing.seconds,
                    batch * length / timing.seconds,
                    1e3 * timing.seconds / length,
                    flops / timing.seconds,
                    read / timing.seconds,
                    timing.javaShare,
                    timing.memoryBytes);
        }
    }

    /** The first positions are enough to warm up. */
    private static void drawFirst(GridGenerator generator, List<Candidate> candidates) {
        try {
            generator.draw(candidates, () -> false);
        } catch (CancelledException e) {
            // as meant
        }
    }

    /** A transformer's or CLIP's, as training begins with them, one matrix at a time. */
    private static Map<String, Safetensors.Tensor> weights(Map<String, long[]> shapes, int layers) {
        return new LazyTensors(
                shapes.keySet(),
                name -> {
                    long[] shape = shapes.get(name);
                    return InitialWeights.isGain(name)
                            ? InitialWeights.constant(shape, 1)
                            : normal(shape, InitialWeights.deviation(name, layers));
                });
    }

    /** The same normal values over and over: to draw billions takes minutes. */
    private static Safetensors.Tensor normal(long[] shape, double deviation) {
        Safetensors.Tensor tensor = InitialWeights.constant(shape, 0);
        float[] values = tensor.data();
        float scale = (float) deviation;
        for (int from = 0; scale > 0 && from < values.length; from += NORMAL.length) {
            int count = Math.min(NORMAL.length, values.length - from);
            for (int i = 0; i < count; i++) {
                values[from + i] = scale * NORMAL[i];
            }
        }
        return tensor;
    }

    private DiscreteVae dvae() {
        DvaeArchitecture architecture = ownDvae();
        Map<String, long[]> shapes = architecture.shapes();
        return new DiscreteVae(
                new LazyTensors(
                        shapes.keySet(),
                        name -> {
                            long[] shape = shapes.get(name);
                            return normal(shape, DvaeTraining.deviation(name, shape, architecture));
                        }),
                architecture,
                sizes.imageSize,
                precision);
    }

    private Row encode(int batch) {
        int size = sizes.imageSize;
        byte[] pixels = new byte[batch * 3 * size * size];
        new SplittableRandom(1).nextBytes(pixels);
        try (DiscreteVae vae = dvae()) {
            Timing encode = time(() -> vae.encode(pixels, batch), vae::nanosInside);
            return row(Work.DVAE_ENCODE, batch, ownDvae().flopsToEncode(size), encode);
        }
    }

    private Row decode(int batch) {
        DvaeArchitecture architecture = ownDvae();
        int size = sizes.imageSize;
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
        try (DiscreteVae vae = dvae()) {
            Timing decode = time(() -> vae.decode(grids), vae::nanosInside);
            return row(Work.DVAE_DECODE, batch, architecture.flopsToDecode(size), decode);
        }
    }

    private Clip clip() {
        ClipArchitecture architecture = sizes.clip.orElseThrow();
        int layers = Math.max(architecture.visionLayers(), architecture.textLayers());
        return new Clip(weights(architecture.shapes(), layers), architecture, TOKENIZER, precision);
    }

    private Row pictures(int batch) {
        ClipArchitecture architecture = sizes.clip.orElseThrow();
        int size = architecture.imageSize();
        BufferedImage picture = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        List<BufferedImage> pictures = Collections.nCopies(batch, picture);
        try (Clip clip = clip()) {
            Timing embed = time(() -> clip.embedImages(pictures), clip::nanosInside);
            return row(Work.CLIP_PICTURES, batch, architecture.flopsPerPicture(), embed);
        }
    }

    private Row captions() {
        try (Clip clip = clip()) {
            Timing text = time(() -> clip.embedText(CAPTION), clip::nanosInside);
            double flops = sizes.clip.orElseThrow().flopsPerCaption();
            return row(Work.CLIP_CAPTIONS, 1, flops, text);
        }
    }

    private Row trainDvae(int batch) {
        try (DvaeTraining trainee = dvaeTraining(batch)) {
            double flops =
                    3
                            * (ownDvae().flopsToEncode(sizes.imageSize)
                                    + ownDvae().flopsToDecode(sizes.imageSize));
            return row(Work.DVAE_TRAIN, batch, flops, step(trainee, initialWeights(trainee)));
        }
    }

    private Row trainClip(int batch) {
        ClipArchitecture clip = sizes.clip.orElseThrow();
        try (ClipTraining trainee = clipTraining(batch)) {
            double flops = 3 * (clip.flopsPerPicture() + clip.flopsPerCaption());
            return row(Work.CLIP_TRAIN, batch, flops, step(trainee, initialWeights(trainee)));
        }
    }

    private static Map<String, Safetensors.Tensor> initialWeights(Trainee trainee) {
        return trainee.initialWeights(new SplittableRandom(1));
    }

    private Row trainTransformer(int batch) {
        TransformerArchitecture transformer = (TransformerArchitecture) sizes.transformer;
        try (TransformerTraining trainee = transformerTraining(transformer, batch)) {
            Timing timing = step(trainee, weights(transformer.shapes(), transformer.layers()));
            double flops = TransformerCosts.flopsPerTrainingExample(transformer);
            return new Row(
                    Work.TRANSFORMER_TRAIN,
                    batch,
                    batch / timing.seconds,
                    trainee.unitsPerStep() / timing.seconds,
                    0,
                    batch * flops / timing.seconds,
                    0,
                    timing.javaShare,
                    timing.memoryBytes);
        }
    }

    private DvaeTraining dvaeTraining(int batch) {
        return new DvaeTraining(
                ownDvae(),
                new DvaeTraining.Settings(STEPS, batch, RATE, false, 1, precision),
                examples(sizes.imageSize),
                List.of(),
                sizes.imageSize);
    }

    private ClipTraining clipTraining(int batch) {
        ClipArchitecture clip = sizes.clip.orElseThrow();
        return new ClipTraining(
                clip,
                new ClipTraining.Settings(STEPS, batch, RATE, precision),
                examples(clip.imageSize()),
                List.of(),
                TOKENIZER);
    }

    private TransformerTraining transformerTraining(
            TransformerArchitecture transformer, int batch) {
        return new TransformerTraining(
                transformer,
                new TransformerTraining.Settings(STEPS, batch, RATE, precision),
                examples(sizes.imageSize),
                List.of(),
                TOKENIZER,
                dvae());
    }

    /** A grey square without end. */
    private static ExampleSource examples(int imageSize) {
        int[] argb = new int[imageSize * imageSize];
        Arrays.fill(argb, 0xff808080);
        Sprite sprite =
                new Sprite(
                        new Drawing("", "", "", CAPTION, "", "", "", List.of(), false, ""),
                        imageSize,
                        argb,
                        new Rectangle(imageSize, imageSize),
                        Optional.empty());
        return new ExampleSource(List.of(sprite), imageSize, 0, Placement.LOOSE);
    }

    /** One step of a training, its batch drawn beforehand. */
    private Timing step(Trainee trainee, Map<String, Safetensors.Tensor> weights) {
        NDManager manager = trainee.program().manager();
        try (NDManager scope = manager.newSubManager()) {
            TrainingState state = TrainingState.of(manager, weights);
            NDList arguments = state.arguments();
            arguments.add(scope.create(trainee.knobs(0)));
            arguments.addAll(trainee.arguments(trainee.draw(new SplittableRandom(1)), scope));
            return time(
                    () -> {
                        try (NDArray metrics = trainee.program().train("train_step", arguments)) {
                            metrics.toFloatArray();
                        }
                    },
                    trainee.program()::nanosInside);
        }
    }

    private static Row row(Work work, int batch, double flops, Timing timing) {
        return new Row(
                work,
                batch,
                batch / timing.seconds,
                0,
                0,
                batch * flops / timing.seconds,
                0,
                timing.javaShare,
                timing.memoryBytes);
    }

    private static int bytes(Precision precision) {
        return precision == Precision.BFLOAT16 ? 2 : 4;
    }

    private record Timing(double seconds, double javaShare, long memoryBytes) {}

    private Timing time(Runnable work, LongSupplier nanosInside) {
        return time(work, work, nanosInside);
    }

    private Timing time(Runnable warmUp, Runnable work, LongSupplier nanosInside) {
        warmUp.run();
        PeakMemory.reset();
        List<Double> seconds = new ArrayList<>();
        long inside = nanosInside.getAsLong();
        long began = System.nanoTime();
        double total;
        do {
            long start = System.nanoTime();
            work.run();
            long end = System.nanoTime();
            seconds.add((end - start) / 1e9);
            total = (end - began) / 1e9;
        } while (total < leastSeconds || (seconds.size() < LEAST_RUNS && total < ENOUGH_SECONDS));
        double javaShare = 1 - (nanosInside.getAsLong() - inside) / 1e9 / total;
        Collections.sort(seconds);
        return new Timing(seconds.get(seconds.size() / 2), javaShare, PeakMemory.bytes());
    }

    /**
     * The most memory that this process held since the last reset, where Linux tells it. On a GPU:
     * what is taken of its memory, since libtorch keeps what it once took.
     */
    private static final class PeakMemory {
        private static final String RESET_PEAK = "5";

        static void reset() {
            if (Machine.hasGpu()) {
                JniUtils.emptyCudaCache();
                return;
            }
            try {
                Files.writeString(Path.of("/proc/self/clear_refs"), RESET_PEAK);
            } catch (IOException e) {
                // then the peak is that of the whole run
            }
        }

        static long bytes() {
            if (Machine.hasGpu()) {
                return CudaUtils.getGpuMemory(Device.gpu()).getUsed();
            }
            try {
                return Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("VmHWM:"))
                        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                        .findFirst()
                        .orElse(0);
            } catch (IOException e) {
                return 0;
            }
        }
    }
}
