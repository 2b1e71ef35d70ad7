package dev.nocturne.training.recipe;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.BpeTrainer;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.training.data.ArtData;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.data.ExampleSource;
import dev.nocturne.training.data.ExampleSource.Placement;
import dev.nocturne.training.data.Split;
import dev.nocturne.training.loop.Trainee;
import dev.nocturne.training.loop.TrainingLoop;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * The training commands: each trains one part of the model in a directory, from the emoji art.
 * Parts build on each other in the order tokenizer, dVAE, transformer; CLIP needs the tokenizer
 * only. Checkpoints and pictures stand in {@code <model>/training/<part>}; the same command goes on
 * from there. A part enters the model when its last step is done.
 */
public final class Training {
    private static final int TOKENIZER_CAPTIONS = 30_000;
    private static final int HELD_OUT = 256;
    private static final int RETRIEVAL = 100;

    private final Path model;
    private final PrintStream log;

    /**
     * How to train, for every part.
     *
     * @param learningRate the peak, reached after the warm-up
     * @param sceneShare the share of composed two-object scenes among the pictures
     * @param evaluateEvery steps between measurements and pictures
     */
    public record Options(
            long steps,
            int batch,
            double learningRate,
            double sceneShare,
            long evaluateEvery,
            long seed) {}

    /**
     * @param model directory of the model; created if it isn't there
     */
    public Training(Path model, PrintStream log) {
        this.model = model;
        this.log = log;
    }

    /** Learns the tokenizer and with it begins a model. */
    public void tokenizer(
            String name,
            int imageSize,
            int vocabulary,
            int textLength,
            double sceneShare,
            long seed)
            throws IOException {
        ExampleSource source = art(imageSize).training(sceneShare, Placement.LOOSE);
        SplittableRandom random = new SplittableRandom(seed);
        List<String> captions =
                Stream.generate(() -> source.next(random).caption())
                        .limit(TOKENIZER_CAPTIONS)
                        .toList();
        BpeTokenizer tokenizer = BpeTrainer.train(captions, vocabulary, textLength);
        ModelBundle bundle =
                Files.exists(model.resolve("model.json"))
                        ? ModelBundle.open(model)
                        : ModelBundle.create(model, name, imageSize);
        bundle.with(tokenizer);
        log.printf(
                "tokenizer of %,d tokens from %,d captions, e.g. \"%s\" has %d%n",
                tokenizer.vocabularySize(),
                captions.size(),
                captions.get(0),
                tokenizer.encode(captions.get(0)).length);
    }

    /**
     * @param published whether to train as in the paper; else the codebook starts as clusters
     * @param klWeight β of the evidence lower bound; the paper ends at 6.6
     * @return whether training finished (else a signal stopped it)
     */
    public boolean dvae(
            DvaeArchitecture architecture, boolean published, double klWeight, Options options)
            throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        ArtData art = art(bundle.imageSize());
        List<BufferedImage> heldOut =
                art.heldOut(Split.VALIDATION, HELD_OUT, Placement.LOOSE).stream()
                        .map(example -> Pixels.picture(example.rgb(), bundle.imageSize()))
                        .toList();
        DvaeTraining.Settings settings =
                new DvaeTraining.Settings(
                        options.steps,
                        options.batch,
                        options.learningRate,
                        published,
                        klWeight,
                        Precision.best());
        try (DvaeTraining trainee =
                new DvaeTraining(
                        architecture,
                        settings,
                        art.training(options.sceneShare, Placement.LOOSE),
                        heldOut,
                        bundle.imageSize())) {
            boolean finished = run(trainee, "dvae", options);
            if (finished) {
                // read again: another part may have been finished meanwhile
                ModelBundle.open(model).with(architecture, weights("dvae"));
            }
            return finished;
        }
    }

    /**
     * @return whether training finished (else a signal stopped it)
     */
    public boolean transformer(
            int layers, int width, TransformerArchitecture.Attention attention, Options options)
            throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        BpeTokenizer tokenizer = bundle.trainingTokenizer();
        DvaeFamily dvae = bundle.dvaeArchitecture();
        TransformerArchitecture architecture =
                new TransformerArchitecture(
                        layers,
                        width,
                        tokenizer.vocabularySize(),
                        tokenizer.contextLength(),
                        dvae.vocabulary(),
                        bundle.imageSize() / dvae.downsampling(),
                        attention);
        ArtData art = art(bundle.imageSize());
        List<Example> heldOut = art.heldOut(Split.VALIDATION, HELD_OUT, Placement.CENTRED);
        TransformerTraining.Settings settings =
                new TransformerTraining.Settings(
                        options.steps, options.batch, options.learningRate, Precision.best());
        try (TransformerTraining trainee =
                new TransformerTraining(
                        architecture,
                        settings,
                        art.training(options.sceneShare, Placement.MIRRORED),
                        heldOut,
                        tokenizer,
                        bundle.dvae())) {
            boolean finished = run(trainee, "transformer", options);
            if (finished) {
                // read again: another part may have been finished meanwhile
                ModelBundle.open(model)
                        .with(architecture, TransformerTraining.SAMPLING, weights("transformer"));
            }
            return finished;
        }
    }

    /**
     * @return whether training finished (else a signal stopped it)
     */
    public boolean clip(int layers, int width, int patch, Options options) throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        BpeTokenizer tokenizer = bundle.trainingTokenizer();
        ClipArchitecture architecture =
                new ClipArchitecture(
                        bundle.imageSize(),
                        patch,
                        layers,
                        width,
                        // captions are shorter and simpler than pictures
                        (layers + 1) / 2,
                        width,
                        tokenizer.contextLength() + 2,
                        tokenizer.vocabularySize() + 2,
                        width);
        ArtData art = art(bundle.imageSize());
        ClipTraining.Settings settings =
                new ClipTraining.Settings(
                        options.steps, options.batch, options.learningRate, Precision.best());
        try (ClipTraining trainee =
                new ClipTraining(
                        architecture,
                        settings,
                        art.training(options.sceneShare, Placement.LOOSE),
                        art.heldOut(Split.VALIDATION, RETRIEVAL, Placement.LOOSE),
                        tokenizer)) {
            boolean finished = run(trainee, "clip", options);
            if (finished) {
                // read again: another part may have been finished meanwhile
                ModelBundle.open(model).with(architecture, weights("clip"));
            }
            return finished;
        }
    }

    private boolean run(Trainee trainee, String part, Options options) throws IOException {
        TrainingLoop.Plan plan =
                new TrainingLoop.Plan(options.steps, options.evaluateEvery, options.seed);
        return new TrainingLoop(trainee, folder(part), plan, log).run();
    }

    private Map<String, Safetensors.Tensor> weights(String part) throws IOException {
        return Safetensors.readAll(folder(part).resolve("weights.safetensors"));
    }

    private Path folder(String part) {
        return model.resolve("training").resolve(part);
    }

    private ArtData art(int imageSize) throws IOException {
        return ArtData.load(model.resolve("training").resolve("art"), imageSize);
    }
}
