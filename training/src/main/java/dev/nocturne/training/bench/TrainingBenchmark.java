package dev.nocturne.training.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerCosts;
import dev.nocturne.training.bench.ModelBenchmark.Row;
import dev.nocturne.training.bench.ModelBenchmark.Work;
import dev.nocturne.training.data.ArtSource;
import dev.nocturne.training.data.Drawing;
import dev.nocturne.training.data.ExampleSource;
import dev.nocturne.training.data.ExampleSource.Placement;
import dev.nocturne.training.data.PictureSource;
import dev.nocturne.training.data.Sprite;
import dev.nocturne.training.loop.Trainee;
import dev.nocturne.training.loop.TrainingState;
import dev.nocturne.training.recipe.ClipTraining;
import dev.nocturne.training.recipe.DvaeTraining;
import dev.nocturne.training.recipe.Start;
import dev.nocturne.training.recipe.TransformerTraining;
import java.awt.Rectangle;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** How fast a training step of each model runs; its batch is drawn beforehand. */
final class TrainingBenchmark {
    /** Of a training that is only begun. */
    private static final int STEPS = 1000;

    private static final double RATE = 1e-4;

    private final PartSizes sizes;
    private final Precision precision;
    private final Stopwatch stopwatch;

    TrainingBenchmark(PartSizes sizes, Precision precision, Stopwatch stopwatch) {
        this.sizes = sizes;
        this.precision = precision;
        this.stopwatch = stopwatch;
    }

    Row dvae(int batch) {
        try (DvaeTraining trainee = dvaeTraining(batch)) {
            double flops =
                    3
                            * (sizes.ownDvae().flopsToEncode(sizes.imageSize())
                                    + sizes.ownDvae().flopsToDecode(sizes.imageSize()));
            return Row.of(Work.DVAE_TRAIN, batch, flops, step(trainee, initialWeights(trainee)));
        }
    }

    Row clip(int batch) {
        ClipArchitecture clip = sizes.clip().orElseThrow();
        try (ClipTraining trainee = clipTraining(batch)) {
            double flops = 3 * (clip.flopsPerPicture() + clip.flopsPerCaption());
            return Row.of(Work.CLIP_TRAIN, batch, flops, step(trainee, initialWeights(trainee)));
        }
    }

    private static Map<String, Safetensors.Tensor> initialWeights(Trainee trainee) {
        return trainee.initialWeights(new SplittableRandom(1));
    }

    Row transformer(int batch) {
        TransformerArchitecture transformer = (TransformerArchitecture) sizes.transformer();
        try (TransformerTraining trainee = transformerTraining(transformer, batch)) {
            Stopwatch.Timing timing =
                    step(
                            trainee,
                            RandomWeights.transformer(transformer.shapes(), transformer.layers()));
            double flops = TransformerCosts.flopsPerTrainingExample(transformer);
            return new Row(
                    Work.TRANSFORMER_TRAIN,
                    batch,
                    batch / timing.seconds(),
                    trainee.unitsPerStep() / timing.seconds(),
                    0,
                    batch * flops / timing.seconds(),
                    0,
                    timing.javaShare(),
                    0,
                    timing.memoryBytes());
        }
    }

    private DvaeTraining dvaeTraining(int batch) {
        return new DvaeTraining(
                sizes.ownDvae(),
                new DvaeTraining.Settings(STEPS, batch, 1, RATE, false, 1, precision),
                examples(sizes.imageSize()),
                sizes.imageSize());
    }

    private ClipTraining clipTraining(int batch) {
        ClipArchitecture clip = sizes.clip().orElseThrow();
        return new ClipTraining(
                clip,
                new ClipTraining.Settings(STEPS, batch, 1, RATE, 0, precision),
                Start.ANEW,
                examples(clip.imageSize()),
                ModelBenchmark.TOKENIZER);
    }

    private TransformerTraining transformerTraining(
            TransformerArchitecture transformer, int batch) {
        return new TransformerTraining(
                transformer,
                new TransformerTraining.Settings(
                        STEPS, batch, 1, RATE, Sampling.PLAIN, 1, precision),
                Start.ANEW,
                examples(sizes.imageSize()),
                ModelBenchmark.TOKENIZER,
                ModelBenchmark.dvae(sizes, precision));
    }

    /** A grey square without end. */
    private static PictureSource examples(int imageSize) {
        int[] argb = new int[imageSize * imageSize];
        Arrays.fill(argb, 0xff808080);
        Sprite sprite =
                new Sprite(
                        new Drawing(
                                "",
                                "",
                                "",
                                ModelBenchmark.CAPTION,
                                "",
                                "",
                                "",
                                List.of(),
                                false,
                                ""),
                        imageSize,
                        argb,
                        new Rectangle(imageSize, imageSize),
                        Optional.empty());
        return new ArtSource(
                new ExampleSource(List.of(sprite), imageSize, 0, Placement.LOOSE), List.of());
    }

    /** One step of a training, its batch drawn beforehand. */
    private Stopwatch.Timing step(Trainee trainee, Map<String, Safetensors.Tensor> weights) {
        NDManager manager = trainee.program().manager();
        try (NDManager scope = manager.newSubManager()) {
            TrainingState state = TrainingState.of(manager, weights, trainee::trains);
            NDList arguments = state.arguments();
            arguments.add(scope.create(trainee.hyperparameters(0)));
            arguments.addAll(trainee.arguments(trainee.draw(0, new SplittableRandom(1)), scope));
            return stopwatch.time(
                    () -> {
                        try (NDArray metrics = trainee.program().train("train_step", arguments)) {
                            metrics.toFloatArray();
                        }
                    },
                    trainee.program()::nanosInside);
        }
    }
}
