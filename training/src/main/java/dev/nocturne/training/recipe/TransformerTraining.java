package dev.nocturne.training.recipe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.transformer.AttentionPattern;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.training.data.CaptionedSource;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.data.PictureSource;
import dev.nocturne.training.loop.InitialWeights;
import dev.nocturne.training.loop.Schedules;
import dev.nocturne.training.loop.Trainee;
import dev.nocturne.training.measure.Pictures;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Trains the transformer on captions and the tokens of their pictures (Ramesh et al. 2021, section
 * 2.2 and appendix B.3), on what a guided transformer makes of them, see {@link Teacher}, or on
 * what a transformer drew. Pictures whose tokens are not known are tokenised on the fly.
 */
public final class TransformerTraining implements Trainee {
    /** The share of merges that are left out of captions by our own models, which know that. */
    private static final double BPE_DROPOUT = 0.1;

    /** The share of pictures that are learnt without their captions, so that captions can guide. */
    private static final double CAPTION_DROPOUT = 0.1;

    /** The share of image tokens that are wrong when the next ones are learnt. */
    private static final float TOKEN_NOISE = 0.05f;

    /**
     * The share of what each block adds that is left out in a step: a model that sees few drawings
     * often would else know them by heart.
     */
    private static final float DROPOUT = 0.1f;

    /** How the finished model draws unless a request says otherwise. */
    static final Sampling SAMPLING = new Sampling(0.4, 0, 1, 1.5);

    private static final int SAMPLES = 8;

    private static final int HELD_OUT = 256;

    /** Place of the tokens among the arguments; what is to be predicted comes behind them. */
    private static final int IMAGE = 3;

    private final TorchProgram program;
    private final TransformerFamily architecture;
    private final Settings settings;

    /** Whether it predicts the caption, too. */
    private final boolean predictsText;

    private final Start start;
    private final CaptionedSource training;

    /** With their tokens. */
    private final List<Drawn> heldOut;

    private final int heldOutPictures;

    /** The captions of the sheet of samples. */
    private final List<String> shown;

    private final CaptionTokenizer tokenizer;
    private final DiscreteVae vae;
    private final NDArray layout;
    private final NDArray masks;

    /** Null where it learns the pictures. */
    private final Teacher teacher;

    /** Whether a transformer drew what is learnt, see {@link PictureSource#areDrawn}. */
    private final boolean drawn;

    /**
     * @param accumulate parts of a batch that are computed one after the other
     * @param shown how the sheet of samples is drawn
     * @param guidance 1: it learns the pictures; above: it learns to draw from captions alone as
     *     what it starts with does with this guidance
     */
    public record Settings(
            long steps,
            int batch,
            int accumulate,
            double learningRate,
            Sampling shown,
            double guidance,
            Precision precision) {}

    /**
     * Takes ownership of {@code vae}.
     *
     * @param start of the architecture
     */
    public TransformerTraining(
            TransformerFamily architecture,
            Settings settings,
            Start start,
            PictureSource pictures,
            CaptionTokenizer tokenizer,
            DiscreteVae vae) {
        this.program = architecture.trainingProgram();
        this.architecture = architecture;
        this.predictsText = architecture.shapes().containsKey("text_head.weight");
        this.settings = settings;
        this.start = start;
        this.training = new CaptionedSource(pictures, tokenizer);
        this.shown = pictures.shown();
        this.tokenizer = tokenizer;
        this.vae = vae;
        NDManager manager = program.manager();
        this.layout = program.hostManager().create(architecture.layout());
        int positions = architecture.textPositions() + architecture.gridLength();
        this.masks =
                manager.create(
                        AttentionPattern.masks(
                                architecture.textPositions(), architecture.gridSize()),
                        new Shape(AttentionPattern.values().length, positions, positions));
        this.teacher =
                settings.guidance > 1
                        ? new Teacher(
                                program,
                                start.weights(),
                                settings.precision,
                                architecture.row(new int[0]),
                                settings.shown.withGuidance(settings.guidance))
                        : null;
        this.drawn = pictures.areDrawn();
        this.heldOut = batches(pictures.heldOut(HELD_OUT));
        this.heldOutPictures = heldOut.stream().mapToInt(Drawn::count).sum();
    }

    @Override
    public TorchProgram program() {
        return program;
    }

    @Override
    public Map<String, Safetensors.Tensor> initialWeights(RandomGenerator random) {
        return !start.weights().isEmpty()
                ? start.share().of(start.weights(), architecture::isConstant, random)
                : InitialWeights.transformer(
                        architecture.shapes(), architecture.patterns().size(), random);
    }

    @Override
    public boolean trains(String weight) {
        return !architecture.isConstant(weight) && start.share().trains(weight);
    }

    /**
     * Text ids by row, and the pictures one after the other.
     *
     * @param pixels empty where the tokens are known
     * @param image tokens by row; empty where they are not known
     */
    private record Drawn(long[] text, byte[] pixels, long[] image, int count) {}

    @Override
    public Object draw(long step, RandomGenerator random) {
        List<Example> examples = new ArrayList<>();
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < settings.batch; i++) {
            CaptionedSource.Captioned captioned =
                    training.at(step * settings.batch + i, bpeDropout(), random);
            examples.add(captioned.example());
            texts.add(random.nextDouble() < captionDropout() ? new int[0] : captioned.tokens());
        }
        return drawn(examples, texts);
    }

    /** What was drawn, was drawn from whole captions. */
    private double bpeDropout() {
        return architecture instanceof TransformerArchitecture && !drawn ? BPE_DROPOUT : 0;
    }

    /** A picture that was drawn from its caption is no picture of none. */
    private double captionDropout() {
        boolean guides = teacher != null || settings.shown.guidance() > 1;
        return guides || !drawn ? CAPTION_DROPOUT : 0;
    }

    private Drawn drawn(List<Example> examples, List<int[]> texts) {
        int pictureBytes = examples.get(0).rgb().length;
        int pictureTokens = examples.get(0).tokens().length;
        int textPositions = architecture.textPositions();
        long[] text = new long[examples.size() * textPositions];
        byte[] pixels = new byte[examples.size() * pictureBytes];
        long[] image = new long[examples.size() * pictureTokens];
        for (int i = 0; i < examples.size(); i++) {
            long[] row = architecture.row(texts.get(i));
            System.arraycopy(row, 0, text, i * textPositions, textPositions);
            System.arraycopy(examples.get(i).rgb(), 0, pixels, i * pictureBytes, pictureBytes);
            for (int t = 0; t < pictureTokens; t++) {
                image[i * pictureTokens + t] = examples.get(i).tokens()[t];
            }
        }
        return new Drawn(text, pixels, image, examples.size());
    }

    /** What is held out, in batches of the size of a step's. */
    private List<Drawn> batches(List<Example> examples) {
        List<Drawn> batches = new ArrayList<>();
        for (int from = 0; from < examples.size(); from += settings.batch) {
            List<Example> some =
                    examples
                            .subList(from, Math.min(from + settings.batch, examples.size()))
                            .stream()
                            .map(this::tokenized)
                            .toList();
            batches.add(
                    drawn(
                            some,
                            some.stream()
                                    .map(example -> tokenizer.encode(example.caption()))
                                    .toList()));
        }
        return batches;
    }

    private Example tokenized(Example example) {
        return example.tokens().length > 0
                ? example
                : Example.ofTokens(example.caption(), vae.encode(example.rgb(), 1).get(0).tokens());
    }

    @Override
    public NDList arguments(Object object, NDManager scope) {
        Drawn drawn = (Drawn) object;
        long[] image = drawn.image.length > 0 ? drawn.image : encoded(drawn);
        NDList arguments =
                new NDList(
                        layout,
                        masks,
                        scope.create(
                                drawn.text, new Shape(drawn.count, architecture.textPositions())),
                        scope.create(image, new Shape(drawn.count, architecture.gridLength())));
        arguments.add(
                teacher == null
                        ? arguments.get(IMAGE)
                        : teacher.guided(arguments, (PtNDManager) scope));
        return arguments;
    }

    private long[] encoded(Drawn drawn) {
        return vae.encode(drawn.pixels, drawn.count).stream()
                .flatMapToInt(grid -> IntStream.of(grid.tokens()))
                .asLongStream()
                .toArray();
    }

    @Override
    public float[] hyperparameters(long step) {
        double rate = Schedules.warmUpCosine(settings.learningRate, step, settings.steps);
        return new float[] {
            settings.precision.torchType(),
            (float) rate,
            1f,
            0.999f,
            learnsDrawing() ? 0 : TOKEN_NOISE,
            learnsDrawing() ? 0 : DROPOUT,
            settings.accumulate,
            (float) temperature()
        };
    }

    /** A teacher shows what it draws from, and what was drawn is from there. */
    private double temperature() {
        return learnsDrawing() ? settings.shown.temperature() : 1;
    }

    /** As a transformer draws: with all of its layers, behind tokens that it drew itself. */
    private boolean learnsDrawing() {
        return teacher != null || drawn;
    }

    @Override
    public List<String> metrics() {
        return predictsText
                ? List.of("loss", "text", "image", "gradient", "weights")
                : List.of("loss", "image", "gradient", "weights");
    }

    @Override
    public String unit() {
        return "tokens";
    }

    @Override
    public int unitsPerStep() {
        return settings.batch * (architecture.textPositions() + architecture.gridLength());
    }

    @Override
    public Optional<Measured> evaluate(long step, Map<String, Safetensors.Tensor> weights) {
        Map<String, Double> losses = heldOutLosses(weights);
        try (GridGenerator generator =
                new GridGenerator(weights, architecture, SAMPLES, settings.precision)) {
            List<List<BufferedImage>> rows = new ArrayList<>();
            for (int i = 0; i < shown.size(); i++) {
                List<Candidate> candidates = new ArrayList<>();
                for (int k = 0; k < SAMPLES; k++) {
                    candidates.add(
                            new Candidate(
                                    tokenizer.encode(shown.get(i)),
                                    CandidateSeeds.mixed(0, k),
                                    settings.shown,
                                    new int[0]));
                }
                List<TokenGrid> grids = new ArrayList<>();
                generator.draw(candidates, () -> true).forEach(drawn -> grids.add(drawn.grid()));
                List<BufferedImage> pictures = vae.decode(grids);
                // two captions a row
                if (i % 2 == 0) {
                    rows.add(new ArrayList<>(pictures));
                } else {
                    rows.get(i / 2).addAll(pictures);
                }
            }
            return Optional.of(
                    new Measured(
                            heldOut.isEmpty()
                                    ? "nothing is held out"
                                    : "held out: %s nats per token".formatted(named(losses)),
                            losses,
                            Pictures.sheet(rows)));
        }
    }

    private static String named(Map<String, Double> losses) {
        return losses.entrySet().stream()
                .map(loss -> "%s %.4f".formatted(loss.getKey(), loss.getValue()))
                .collect(Collectors.joining(", "));
    }

    /** By what they are of; none if nothing is held out. */
    private Map<String, Double> heldOutLosses(Map<String, Safetensors.Tensor> weights) {
        Map<String, Double> means = new LinkedHashMap<>();
        List<String> names = predictsText ? List.of("text", "image") : List.of("image");
        PtNDManager manager = program.manager();
        try (IValue prepared = program.prepare(weights, settings.precision)) {
            for (Drawn batch : heldOut) {
                try (PtNDManager scope = (PtNDManager) manager.newSubManager()) {
                    float[] losses = losses(prepared, arguments(batch, scope), scope);
                    for (int i = 0; i < losses.length; i++) {
                        double share = (double) losses[i] * batch.count / heldOutPictures;
                        means.merge(names.get(i), share, Double::sum);
                    }
                }
            }
        }
        return means;
    }

    private float[] losses(IValue prepared, NDList arguments, PtNDManager scope) {
        try (IValue layers = IValue.from((PtNDArray) arguments.get(0));
                IValue seen = IValue.from((PtNDArray) arguments.get(1));
                IValue text = IValue.from((PtNDArray) arguments.get(2));
                IValue image = IValue.from((PtNDArray) arguments.get(IMAGE));
                IValue target = IValue.from((PtNDArray) arguments.get(IMAGE + 1));
                IValue temperature = IValue.from(temperature());
                IValue output =
                        program.call(
                                "evaluate",
                                prepared,
                                layers,
                                seen,
                                text,
                                image,
                                target,
                                temperature);
                NDArray losses = output.toTensor(scope)) {
            return losses.toFloatArray();
        }
    }

    @Override
    public void close() {
        if (teacher != null) {
            teacher.close();
        }
        vae.close();
        program.close();
    }
}
