package dev.nocturne.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.nocturne.models.BpeTokenizer;
import dev.nocturne.models.BpeTrainer;
import dev.nocturne.models.Candidate;
import dev.nocturne.models.CandidateSeeds;
import dev.nocturne.models.Clip;
import dev.nocturne.models.ClipArchitecture;
import dev.nocturne.models.DiscreteVae;
import dev.nocturne.models.DvaeArchitecture;
import dev.nocturne.models.DvaeFamily;
import dev.nocturne.models.GridGenerator;
import dev.nocturne.models.InvalidModelException;
import dev.nocturne.models.Machine;
import dev.nocturne.models.Precision;
import dev.nocturne.models.PrimedTokens;
import dev.nocturne.models.Sampling;
import dev.nocturne.models.TokenGrid;
import dev.nocturne.models.TransformerArchitecture;
import dev.nocturne.models.TransformerCosts;
import dev.nocturne.models.TransformerFamily;
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
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * How fast the models of given sizes run here, one by one and without the pipeline. The weights are
 * random: speed does not depend on them.
 */
public final class ModelBenchmark {
    private static final int LEAST_RUNS = 3;

    /** Candidates of a caption, as a batch has them in use. */
    private static final int CANDIDATES = 16;

    /** Of a training that is only begun. */
    private static final int STEPS = 1000;

    private static final double RATE = 1e-4;

    private static final String CAPTION = "box";
    private static final BpeTokenizer TOKENIZER = BpeTrainer.train(List.of(CAPTION), 512, 8);

    private final Sizes sizes;
    private final DvaeArchitecture dvae;
    private final TransformerArchitecture transformer;
    private final Precision precision;
    private final double leastSeconds;
    private final Consumer<Row> rows;

    /** Sizes of the models. */
    public record Sizes(
            int imageSize, DvaeFamily dvae, TransformerFamily transformer, ClipArchitecture clip) {}

    /**
     * One measurement: the median of several runs after one that warmed up.
     *
     * @param work what was done: "transformer draw", "dVAE encode" and so on
     * @param batch how many at a time
     * @param perSecond images, or captions, or examples trained on
     * @param tokensPerSecond drawn or trained on; 0 where there are none
     * @param millisPerPosition of a batch that is drawn; 0 elsewhere
     * @param flopsPerSecond by arithmetic from the sizes
     * @param bytesPerSecond of weights, keys and values read while drawing; 0 elsewhere
     * @param javaShare of the time spent outside the TorchScript program. On a GPU the program
     *     returns before the device is done, and this says nothing
     * @param memoryBytes the most that the process held meanwhile, resident; 0 where the system
     *     doesn't tell
     */
    public record Row(
            String work,
            int batch,
            double perSecond,
            double tokensPerSecond,
            double millisPerPosition,
            double flopsPerSecond,
            double bytesPerSecond,
            double javaShare,
            long memoryBytes) {}

    private ModelBenchmark(
            Sizes sizes, Precision precision, double leastSeconds, Consumer<Row> rows)
            throws InvalidModelException {
        if (!(sizes.dvae instanceof DvaeArchitecture ours)
                || !(sizes.transformer instanceof TransformerArchitecture own)) {
            throw new InvalidModelException(
                    "training is measured, too, and this model was imported; give one that nocturne train made");
        }
        this.sizes = sizes;
        this.dvae = ours;
        this.transformer = own;
        this.precision = precision;
        this.leastSeconds = leastSeconds;
        this.rows = rows;
    }

    /**
     * @param batches for drawing, decoding and embedding; training takes the largest
     * @param leastSeconds that each measurement takes
     * @param rows is given each row when it is measured
     * @return what the machine can do, for comparison
     * @throws InvalidModelException if these are sizes of a model that is not trained here
     */
    public static Machine run(
            Sizes sizes,
            List<Integer> batches,
            Precision precision,
            double leastSeconds,
            Consumer<Row> rows)
            throws InvalidModelException {
        ModelBenchmark benchmark = new ModelBenchmark(sizes, precision, leastSeconds, rows);
        Machine machine = Machine.measure(precision);
        int largest = Collections.max(batches);
        batches.forEach(benchmark::draw);
        batches.forEach(benchmark::dvae);
        batches.forEach(benchmark::clip);
        benchmark.train(largest);
        return machine;
    }

    private void draw(int batch) {
        TransformerArchitecture architecture = transformer;
        SplittableRandom random = new SplittableRandom(1);
        List<Candidate> candidates =
                IntStream.range(0, batch)
                        .mapToObj(
                                i ->
                                        new Candidate(
                                                new int[] {i / CANDIDATES},
                                                CandidateSeeds.seed(1, i),
                                                Sampling.PLAIN,
                                                PrimedTokens.NONE))
                        .toList();
        try (GridGenerator generator =
                new GridGenerator(
                        InitialWeights.transformer(
                                architecture.shapes(), architecture.layers(), random),
                        architecture,
                        batch,
                        precision)) {
            Timing timing =
                    time(() -> generator.draw(candidates, () -> true), generator::nanosInside);
            int length = architecture.gridLength();
            int captions = (batch + CANDIDATES - 1) / CANDIDATES;
            TransformerCosts costs = TransformerCosts.of(architecture, bytes(generator.kept()));
            double flops = batch * costs.flopsPerImage() + captions * costs.flopsPerCaption();
            double read =
                    length * TransformerCosts.weightBytesRead(architecture, bytes(precision))
                            + batch * costs.keyValueBytesRead(Math.min(batch, CANDIDATES));
            rows.accept(
                    new Row(
                            "transformer draw",
                            batch,
                            batch / timing.seconds,
                            batch * length / timing.seconds,
                            1e3 * timing.seconds / length,
                            flops / timing.seconds,
                            read / timing.seconds,
                            timing.javaShare,
                            timing.memoryBytes));
        }
    }

    private void dvae(int batch) {
        DvaeArchitecture architecture = dvae;
        int size = sizes.imageSize;
        byte[] pixels = new byte[batch * 3 * size * size];
        new SplittableRandom(1).nextBytes(pixels);
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
        try (DvaeTraining trainee = dvaeTraining(1);
                DiscreteVae vae =
                        new DiscreteVae(
                                trainee.initialWeights(new SplittableRandom(1)),
                                architecture,
                                size,
                                precision)) {
            Timing encode = time(() -> vae.encode(pixels, batch), vae::nanosInside);
            rows.accept(row("dVAE encode", batch, architecture.flopsToEncode(size), encode));
            Timing decode = time(() -> vae.decode(grids), vae::nanosInside);
            rows.accept(row("dVAE decode", batch, architecture.flopsToDecode(size), decode));
        }
    }

    private void clip(int batch) {
        ClipArchitecture architecture = sizes.clip;
        try (ClipTraining trainee = clipTraining(1);
                Clip clip =
                        new Clip(
                                trainee.initialWeights(new SplittableRandom(1)),
                                architecture,
                                TOKENIZER,
                                precision)) {
            int size = architecture.imageSize();
            List<BufferedImage> pictures =
                    Collections.nCopies(
                            batch, new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB));
            Timing embed = time(() -> clip.embedImages(pictures), clip::nanosInside);
            rows.accept(row("CLIP pictures", batch, architecture.flopsPerPicture(), embed));
            if (batch == 1) {
                Timing text = time(() -> clip.embedText(CAPTION), clip::nanosInside);
                rows.accept(row("CLIP captions", batch, architecture.flopsPerCaption(), text));
            }
        }
    }

    /** One step of each training, its batch drawn beforehand. */
    private void train(int batch) {
        try (DvaeTraining trainee = dvaeTraining(batch)) {
            double flops =
                    3 * (dvae.flopsToEncode(sizes.imageSize) + dvae.flopsToDecode(sizes.imageSize));
            rows.accept(row("dVAE train", batch, flops, step(trainee)));
        }
        try (ClipTraining trainee = clipTraining(batch)) {
            double flops = 3 * (sizes.clip.flopsPerPicture() + sizes.clip.flopsPerCaption());
            rows.accept(row("CLIP train", batch, flops, step(trainee)));
        }
        try (TransformerTraining trainee = transformerTraining(batch)) {
            Timing timing = step(trainee);
            rows.accept(
                    new Row(
                            "transformer train",
                            batch,
                            batch / timing.seconds,
                            trainee.unitsPerStep() / timing.seconds,
                            0,
                            batch
                                    * TransformerCosts.flopsPerTrainingExample(transformer)
                                    / timing.seconds,
                            0,
                            timing.javaShare,
                            timing.memoryBytes));
        }
    }

    private DvaeTraining dvaeTraining(int batch) {
        return new DvaeTraining(
                dvae,
                new DvaeTraining.Settings(STEPS, batch, RATE, false, 1, precision),
                examples(sizes.imageSize),
                List.of(),
                sizes.imageSize);
    }

    private ClipTraining clipTraining(int batch) {
        return new ClipTraining(
                sizes.clip,
                new ClipTraining.Settings(STEPS, batch, RATE, precision),
                examples(sizes.clip.imageSize()),
                List.of(),
                TOKENIZER);
    }

    private TransformerTraining transformerTraining(int batch) {
        DiscreteVae vae;
        try (DvaeTraining trainee = dvaeTraining(1)) {
            vae =
                    new DiscreteVae(
                            trainee.initialWeights(new SplittableRandom(1)),
                            dvae,
                            sizes.imageSize,
                            precision);
        }
        return new TransformerTraining(
                transformer,
                new TransformerTraining.Settings(STEPS, batch, RATE, precision),
                examples(sizes.imageSize),
                List.of(),
                TOKENIZER,
                vae);
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

    private Timing step(Trainee trainee) {
        NDManager manager = trainee.program().manager();
        try (NDManager scope = manager.newSubManager()) {
            TrainingState state =
                    TrainingState.of(manager, trainee.initialWeights(new SplittableRandom(1)));
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

    private static Row row(String work, int batch, double flops, Timing timing) {
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
        work.run();
        PeakMemory.reset();
        List<Double> seconds = new ArrayList<>();
        long inside = nanosInside.getAsLong();
        long began = System.nanoTime();
        do {
            long start = System.nanoTime();
            work.run();
            seconds.add((System.nanoTime() - start) / 1e9);
        } while (seconds.size() < LEAST_RUNS || (System.nanoTime() - began) / 1e9 < leastSeconds);
        double total = System.nanoTime() - began;
        double javaShare = 1 - (nanosInside.getAsLong() - inside) / total;
        Collections.sort(seconds);
        return new Timing(seconds.get(seconds.size() / 2), javaShare, PeakMemory.bytes());
    }

    /** The most memory that this process held since the last reset, where Linux tells it. */
    private static final class PeakMemory {
        private static final String RESET_PEAK = "5";

        static void reset() {
            try {
                Files.writeString(Path.of("/proc/self/clear_refs"), RESET_PEAK);
            } catch (IOException e) {
                // then the peak is that of the whole run
            }
        }

        static long bytes() {
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
