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
import dev.nocturne.models.tokenizer.BpeTokenizer;
import dev.nocturne.models.transformer.AttentionPattern;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.training.data.CaptionedSource;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.data.ExampleSource;
import dev.nocturne.training.loop.InitialWeights;
import dev.nocturne.training.loop.Schedules;
import dev.nocturne.training.loop.Trainee;
import dev.nocturne.training.measure.Pictures;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Trains the transformer on captions and the tokens of their pictures (Ramesh et al. 2021, section
 * 2.2 and appendix B.3). Pictures are drawn and tokenised on the fly, so no two passes over the art
 * are alike.
 */
public final class TransformerTraining implements Trainee {
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

    /** What the sheet of samples shows. */
    private static final List<String> SHOWN =
            List.of(
                    "red heart",
                    "pizza",
                    "soccer ball",
                    "cat face",
                    "banana",
                    "rocket",
                    "snowman",
                    "birthday cake",
                    "frog",
                    "guitar",
                    "umbrella",
                    "red apple",
                    "penguin",
                    "automobile",
                    "octopus",
                    "a red apple to the left of a dog",
                    "a cat above a car",
                    "a tree and a house",
                    "rocket, noto style",
                    "light bulb, flat style");

    private final TorchProgram program =
            TorchProgram.load("transformer.py", "decoding.py", "resblocks.py", "adamw.py");
    private final TransformerArchitecture architecture;
    private final Settings settings;
    private final CaptionedSource training;
    private final List<Example> heldOut;
    private final BpeTokenizer tokenizer;
    private final DiscreteVae vae;
    private final NDArray layout;
    private final NDArray masks;

    public record Settings(long steps, int batch, double learningRate, Precision precision) {}

    /** Takes ownership of {@code vae}. */
    public TransformerTraining(
            TransformerArchitecture architecture,
            Settings settings,
            ExampleSource training,
            List<Example> heldOut,
            BpeTokenizer tokenizer,
            DiscreteVae vae) {
        this.architecture = architecture;
        this.settings = settings;
        this.training = new CaptionedSource(training, tokenizer);
        this.heldOut = heldOut;
        this.tokenizer = tokenizer;
        this.vae = vae;
        NDManager manager = program.manager();
        this.layout = program.hostManager().create(architecture.layout());
        int positions = architecture.textLength() + architecture.gridLength();
        this.masks =
                manager.create(
                        AttentionPattern.masks(architecture.textLength(), architecture.gridSize()),
                        new Shape(AttentionPattern.values().length, positions, positions));
    }

    @Override
    public TorchProgram program() {
        return program;
    }

    @Override
    public Map<String, Safetensors.Tensor> initialWeights(RandomGenerator random) {
        return InitialWeights.transformer(architecture.shapes(), architecture.layers(), random);
    }

    /** Text ids by row, and the pictures one after the other. */
    private record Drawn(long[] text, byte[] pixels, int count) {}

    @Override
    public Object draw(RandomGenerator random) {
        List<Example> examples = new ArrayList<>();
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < settings.batch; i++) {
            CaptionedSource.Captioned captioned = training.next(BPE_DROPOUT, random);
            examples.add(captioned.example());
            texts.add(random.nextDouble() < CAPTION_DROPOUT ? new int[0] : captioned.tokens());
        }
        return drawn(examples, texts);
    }

    private Drawn drawn(List<Example> examples, List<int[]> texts) {
        int pictureBytes = examples.get(0).rgb().length;
        long[] text = new long[examples.size() * architecture.textLength()];
        byte[] pixels = new byte[examples.size() * pictureBytes];
        for (int i = 0; i < examples.size(); i++) {
            System.arraycopy(
                    architecture.padded(texts.get(i)),
                    0,
                    text,
                    i * architecture.textLength(),
                    architecture.textLength());
            System.arraycopy(examples.get(i).rgb(), 0, pixels, i * pictureBytes, pictureBytes);
        }
        return new Drawn(text, pixels, examples.size());
    }

    @Override
    public NDList arguments(Object object, NDManager scope) {
        Drawn drawn = (Drawn) object;
        long[] image = new long[drawn.count * architecture.gridLength()];
        int at = 0;
        for (TokenGrid grid : vae.encode(drawn.pixels, drawn.count)) {
            for (int token : grid.tokens()) {
                image[at++] = token;
            }
        }
        return new NDList(
                layout,
                masks,
                scope.create(drawn.text, new Shape(drawn.count, architecture.textLength())),
                scope.create(image, new Shape(drawn.count, architecture.gridLength())));
    }

    @Override
    public float[] hyperparameters(long step) {
        double rate = Schedules.warmUpCosine(settings.learningRate, step, settings.steps);
        return new float[] {
            settings.precision.torchType(), (float) rate, 1f, 0.999f, TOKEN_NOISE, DROPOUT
        };
    }

    @Override
    public List<String> metrics() {
        return List.of("loss", "text", "image", "gradient", "weights");
    }

    @Override
    public String unit() {
        return "tokens";
    }

    @Override
    public int unitsPerStep() {
        return settings.batch * (architecture.textLength() + architecture.gridLength());
    }

    @Override
    public Optional<Measured> evaluate(long step, Map<String, Safetensors.Tensor> weights) {
        float[] losses = heldOutLosses(weights);
        try (GridGenerator generator =
                new GridGenerator(weights, architecture, SAMPLES, settings.precision)) {
            List<List<BufferedImage>> rows = new ArrayList<>();
            for (int i = 0; i < SHOWN.size(); i++) {
                List<Candidate> candidates = new ArrayList<>();
                for (int k = 0; k < SAMPLES; k++) {
                    candidates.add(
                            new Candidate(
                                    tokenizer.encode(SHOWN.get(i)),
                                    CandidateSeeds.mixed(0, k),
                                    SAMPLING,
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
                            "held out: text %.4f, image %.4f nats per token"
                                    .formatted(losses[0], losses[1]),
                            Pictures.sheet(rows)));
        }
    }

    private float[] heldOutLosses(Map<String, Safetensors.Tensor> weights) {
        List<int[]> texts =
                heldOut.stream().map(example -> tokenizer.encode(example.caption())).toList();
        PtNDManager manager = program.manager();
        try (PtNDManager scope = (PtNDManager) manager.newSubManager();
                IValue prepared = program.prepare(weights, settings.precision)) {
            NDList arguments = arguments(drawn(heldOut, texts), scope);
            try (IValue layers = IValue.from((PtNDArray) arguments.get(0));
                    IValue seen = IValue.from((PtNDArray) arguments.get(1));
                    IValue text = IValue.from((PtNDArray) arguments.get(2));
                    IValue image = IValue.from((PtNDArray) arguments.get(3));
                    IValue output = program.call("evaluate", prepared, layers, seen, text, image)) {
                try (NDArray losses = output.toTensor(scope)) {
                    return losses.toFloatArray();
                }
            }
        }
    }

    @Override
    public void close() {
        vae.close();
        program.close();
    }
}
