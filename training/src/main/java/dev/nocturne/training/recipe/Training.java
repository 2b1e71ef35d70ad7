package dev.nocturne.training.recipe;

import dev.nocturne.models.bundle.ForeignParts;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.models.upscaler.UpscalerArchitecture;
import dev.nocturne.training.data.ExampleSource.Placement;
import dev.nocturne.training.data.PictureSource;
import dev.nocturne.training.recipe.TrainingSources.Wanted;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The training commands: each trains one part of the model in a directory, from the emoji art or
 * from people's own pictures. Parts build on each other in the order tokenizer, dVAE, transformer;
 * CLIP needs the tokenizer only, and the upscaler the dVAE. Checkpoints and pictures stand in
 * {@code <model>/training/<part>}; the same command goes on from there. A part enters the model
 * when its last step is done.
 */
public final class Training {
    private static final double NO_GUIDANCE = 1;

    /** The share of the art's pictures that CLIP sees in other colours. */
    private static final double RECOLOURED_ART = 0.5;

    private final Path model;
    private final Optional<OwnPlace> own;
    private final PrintStream log;
    private final PartTrainer trainer;
    private final TrainingSources sources;

    /**
     * How to train, for every part.
     *
     * @param accumulate parts of a batch that are computed one after the other
     * @param learningRate the peak, reached after the warm-up
     * @param sceneShare the share of composed two-object scenes among the pictures of the art
     * @param evaluateEvery steps between measurements and pictures
     * @param keep checkpoints that are kept
     * @param rehearse only says what the training would take, by a few steps of which nothing is
     *     kept
     */
    public record Options(
            long steps,
            int batch,
            int accumulate,
            double learningRate,
            double sceneShare,
            long evaluateEvery,
            long seed,
            int keep,
            boolean rehearse) {}

    /**
     * @param model directory of the model; created if it isn't there
     * @param own what to learn from; empty: the emoji art
     */
    public Training(Path model, Optional<OwnPlace> own, PrintStream log) {
        this.model = model;
        this.own = own;
        this.log = log;
        this.trainer = new PartTrainer(model, log);
        this.sources = new TrainingSources(trainer.folder(), own, log);
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
        BpeTokenizer tokenizer;
        try (PictureSource source =
                sources.open(
                        Wanted.loose(imageSize, sceneShare, seed),
                        Optional.empty(),
                        found -> found)) {
            tokenizer = TokenizerTraining.run(source, vocabulary, textLength, seed, log);
        }
        ModelBundle bundle =
                Files.exists(model.resolve("model.json"))
                        ? ModelBundle.open(model)
                        : ModelBundle.create(model, name, imageSize);
        bundle.with(tokenizer);
    }

    /**
     * @param published whether to train as in the paper; else the codebook starts as clusters
     * @param klWeight β of the evidence lower bound; the paper ends at 6.6
     * @return whether training finished (else a signal stopped it, or it was rehearsed)
     */
    public boolean dvae(
            DvaeArchitecture architecture, boolean published, double klWeight, Options options)
            throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        DvaeTraining.Settings settings =
                new DvaeTraining.Settings(
                        options.steps,
                        options.batch,
                        options.accumulate,
                        options.learningRate,
                        published,
                        klWeight,
                        Precision.best());
        try (PictureSource pictures =
                        sources.open(
                                Wanted.loose(bundle.imageSize(), options.sceneShare, options.seed),
                                Optional.empty(),
                                found -> found.withPixels(log));
                DvaeTraining trainee =
                        new DvaeTraining(architecture, settings, pictures, bundle.imageSize())) {
            return trainer.run(
                    trainee,
                    pictures,
                    "dvae",
                    options,
                    (latest, weights) -> latest.with(architecture, weights));
        }
    }

    /**
     * @return whether training finished (else a signal stopped it, or it was rehearsed)
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
        Sampling sampling = TransformerTraining.SAMPLING;
        return transformer(
                bundle,
                tokenizer,
                architecture,
                sampling,
                NO_GUIDANCE,
                Start.ANEW,
                options,
                (latest, weights) -> latest.with(architecture, sampling, weights));
    }

    /**
     * Trains the transformer of another model further, of whatever family. A model that is not
     * there yet begins with all that the other one has beside it.
     *
     * @param share what of it is trained
     * @return whether training finished (else a signal stopped it, or it was rehearsed)
     * @throws InvalidModelException if its dVAE makes no tokens of pictures, or it speaks other
     *     tokens than this model
     */
    public boolean transformerFrom(Path start, Share share, Options options) throws IOException {
        return transformerFrom(start, share, NO_GUIDANCE, options);
    }

    /**
     * As {@link #transformerFrom(Path, Share, Options)}, but what it learns is to draw from a
     * caption alone as it does with guidance, see {@link Teacher}.
     *
     * @param guidance above 1
     * @throws InvalidModelException if it was not trained to be guided, beside the other reasons
     */
    public boolean transformerFrom(Path start, Share share, double guidance, Options options)
            throws IOException {
        ModelBundle from = ModelBundle.open(start);
        boolean guided = guidance > 1;
        if (guided && !from.canBeGuided()) {
            throw new InvalidModelException(
                    "guidance is %s, but the model at %s was not trained to be guided: leave it out"
                            .formatted(guidance, start));
        }
        TransformerFamily architecture = from.transformerArchitecture();
        requireEncoder(from, "a transformer learns the tokens of pictures");
        share.requireSome(architecture.shapes());
        ModelBundle bundle = begun(from);
        requireSame(from, bundle, "tokenizer");
        requireSame(from, bundle, "dvae");
        return transformer(
                bundle,
                bundle.tokenizer(),
                architecture,
                guided ? from.bestSampling().withGuidance(1) : from.bestSampling(),
                guidance,
                new Start(from.transformerWeights(), share),
                options,
                (latest, weights) ->
                        new ForeignParts(latest).tunedTransformer(from, weights, guided));
    }

    private boolean transformer(
            ModelBundle bundle,
            CaptionTokenizer tokenizer,
            TransformerFamily architecture,
            Sampling sampling,
            double guidance,
            Start start,
            Options options,
            PartTrainer.Finish finish)
            throws IOException {
        TransformerTraining.Settings settings =
                new TransformerTraining.Settings(
                        options.steps,
                        options.batch,
                        options.accumulate,
                        options.learningRate,
                        sampling,
                        guidance,
                        Precision.best());
        DiscreteVae vae = bundle.dvae();
        try (PictureSource pictures =
                        sources.open(
                                new Wanted(
                                        bundle.imageSize(),
                                        1,
                                        options.sceneShare,
                                        options.seed,
                                        Placement.MIRRORED,
                                        Placement.CENTRED),
                                Optional.of(tokenizer),
                                found -> found.withTokens(vae, bundle.dvaeId(), log));
                TransformerTraining trainee =
                        new TransformerTraining(
                                architecture, settings, start, pictures, tokenizer, vae)) {
            if (pictures.areDrawn()) {
                log.println(
                        "all of them were drawn: losses are at the temperature of drawing, "
                                + sampling.temperature());
            }
            return trainer.run(trainee, pictures, "transformer", options, finish);
        }
    }

    /**
     * @return whether training finished (else a signal stopped it, or it was rehearsed)
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
        return clip(
                bundle,
                architecture,
                Start.ANEW,
                options,
                (latest, weights) -> latest.with(architecture, weights));
    }

    /**
     * Trains the CLIP of another model further, as {@link #transformerFrom} does the transformer.
     *
     * @param share what of it is trained
     * @return whether training finished (else a signal stopped it, or it was rehearsed)
     */
    public boolean clipFrom(Path start, Share share, Options options) throws IOException {
        ModelBundle from = ModelBundle.open(start);
        share.requireSome(from.clipArchitecture().shapes());
        ModelBundle bundle = begun(from);
        requireSame(from, bundle, "tokenizer");
        return clip(
                bundle,
                from.clipArchitecture(),
                new Start(from.clipWeights(), share),
                options,
                (latest, weights) -> new ForeignParts(latest).tunedClip(from, weights));
    }

    private boolean clip(
            ModelBundle bundle,
            ClipArchitecture architecture,
            Start start,
            Options options,
            PartTrainer.Finish finish)
            throws IOException {
        BpeTokenizer tokenizer = bundle.trainingTokenizer();
        ClipTraining.Settings settings =
                new ClipTraining.Settings(
                        options.steps,
                        options.batch,
                        options.accumulate,
                        options.learningRate,
                        own.isPresent() ? 0 : RECOLOURED_ART,
                        Precision.best());
        try (PictureSource pictures =
                        sources.open(
                                Wanted.loose(
                                        architecture.imageSize(), options.sceneShare, options.seed),
                                Optional.of(tokenizer),
                                found -> found.withPixels(log));
                ClipTraining trainee =
                        new ClipTraining(architecture, settings, start, pictures, tokenizer)) {
            if (options.batch > pictures.size()) {
                throw new IOException(
                        "--batch is %d, and there are %,d pictures: CLIP tells the pictures of a batch apart, so give at most as many"
                                .formatted(options.batch, pictures.size()));
            }
            return trainer.run(trainee, pictures, "clip", options, finish);
        }
    }

    /**
     * @return whether training finished (else a signal stopped it, or it was rehearsed)
     * @throws InvalidModelException if the dVAE was imported without an encoder, and so gives no
     *     pictures to learn from
     */
    public boolean upscaler(UpscalerArchitecture architecture, Options options) throws IOException {
        ModelBundle bundle = ModelBundle.open(model);
        requireEncoder(bundle, "an upscaler learns from what it makes of pictures");
        UpscalerTraining.Settings settings =
                new UpscalerTraining.Settings(
                        options.steps, options.batch, options.learningRate, Precision.best());
        DiscreteVae vae = bundle.dvae();
        try (PictureSource pictures =
                        sources.open(
                                Wanted.loose(bundle.imageSize(), options.sceneShare, options.seed)
                                        .times(UpscalerArchitecture.FACTOR),
                                Optional.empty(),
                                found -> found.withPixels(log));
                UpscalerTraining trainee =
                        new UpscalerTraining(architecture, settings, pictures, vae)) {
            return trainer.run(
                    trainee,
                    pictures,
                    "upscaler",
                    options,
                    (latest, weights) -> latest.with(architecture, weights));
        }
    }

    /** The model in the making, begun with another one's parts if it is not there. */
    private ModelBundle begun(ModelBundle from) throws IOException {
        if (Files.exists(model.resolve("model.json"))) {
            return ModelBundle.open(model);
        }
        Path name = model.toAbsolutePath().normalize().getFileName();
        return ModelBundle.begin(model, String.valueOf(name), from);
    }

    private static void requireEncoder(ModelBundle bundle, String why)
            throws InvalidModelException {
        if (!bundle.dvaeArchitecture().readsPictures()) {
            throw new InvalidModelException(
                    "the dVAE at %s has no encoder, and %s: give a model with one; nocturne import dalle-mini brings it with --vqgan and the folder of its makers' VQGAN"
                            .formatted(bundle.directory(), why));
        }
    }

    private void requireSame(ModelBundle from, ModelBundle bundle, String part) throws IOException {
        if (!from.checksum(part).equals(bundle.checksum(part))) {
            throw new InvalidModelException(
                    "the %s at %s is another one than that at %s, so the weights there mean nothing here: give another directory with --model"
                            .formatted(part, model, from.directory()));
        }
    }
}
