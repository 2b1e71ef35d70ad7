package dev.nocturne.training.recipe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.dvae.DvaeArchitecture;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.program.Constants;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.training.data.PictureSource;
import dev.nocturne.training.loop.InitialWeights;
import dev.nocturne.training.loop.Schedules;
import dev.nocturne.training.loop.Trainee;
import dev.nocturne.training.loop.TrainingState;
import dev.nocturne.training.measure.Reconstruction;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Trains the dVAE as in Ramesh et al. 2021, appendix A.2; the schedules are stretched over the
 * steps at hand.
 */
public final class DvaeTraining implements Trainee {
    /** The share of the steps before there is a codebook. */
    private static final double GAUSSIAN_SHARE = 0.4;

    /**
     * The share of the steps that train both halves. The rest trains the decoder alone on the
     * tokens that the finished encoder gives: what it will decode, without the relaxation's noise.
     */
    private static final double JOINT_SHARE = 0.45;

    /**
     * Before there is a codebook: weight of the KL above three times the nats that a code can
     * carry. A Gaussian's KL is more than twice what it tells.
     */
    private static final double GAUSSIAN_KL_WEIGHT = 6.6;

    /** Phases of the program. */
    private static final int GAUSSIAN = Constants.whole("GAUSSIAN");

    private static final int RELAXED = Constants.whole("RELAXED");
    private static final int DECODER_ALONE = Constants.whole("DECODER_ALONE");

    private static final int HELD_OUT = 256;

    /** Where the phase stands among the hyperparameters. */
    private static final int PHASE = 6;

    /** Pictures that the codebook is fitted to. */
    private static final int CODEBOOK_PICTURES = 1024;

    private final TorchProgram program = TorchProgram.load("dvae.py", "adamw.py");
    private final DvaeArchitecture architecture;
    private final Settings settings;
    private final PictureSource pictures;
    private final List<BufferedImage> heldOut;
    private final int imageSize;

    /**
     * @param published whether to train as in the paper; else the codebook starts as clusters
     * @param klWeight β of the evidence lower bound; the paper ends at 6.6
     * @param accumulate parts of a batch that are computed one after the other
     */
    public record Settings(
            long steps,
            int batch,
            int accumulate,
            double learningRate,
            boolean published,
            double klWeight,
            Precision precision) {}

    /**
     * @param pictures of {@code imageSize}
     */
    public DvaeTraining(
            DvaeArchitecture architecture,
            Settings settings,
            PictureSource pictures,
            int imageSize) {
        this.architecture = architecture;
        this.settings = settings;
        this.pictures = pictures;
        this.heldOut =
                pictures.heldOut(HELD_OUT).stream()
                        .map(example -> Pixels.picture(example.rgb(), imageSize))
                        .toList();
        this.imageSize = imageSize;
    }

    @Override
    public TorchProgram program() {
        return program;
    }

    @Override
    public Map<String, Safetensors.Tensor> initialWeights(RandomGenerator random) {
        return InitialWeights.normal(
                architecture.shapes(),
                (name, shape) -> deviation(name, shape, architecture),
                random);
    }

    /**
     * The standard deviation with which a weight begins; its mean is 0.
     *
     * @param shape of a convolution {@code [out, in, side, side]}, or of a bias
     */
    public static double deviation(String name, long[] shape, DvaeArchitecture architecture) {
        if (name.endsWith(".b")) {
            return 0;
        }
        int layers = architecture.groups() * architecture.blocksPerGroup();
        double fanIn = shape[1] * shape[2] * shape[3];
        if (name.equals("decoder.blocks.input.w")) {
            // Its input is one-hot: a fan-in of one.
            return 1;
        }
        if (name.contains(".res_path.")) {
            // Keeps variance through the ReLUs; the last one offsets part of the block's gain of
            // 1/layers².
            return Math.sqrt(2 / fanIn) * (name.contains("conv_4") ? layers : 1);
        }
        return 1 / Math.sqrt(fanIn);
    }

    @Override
    public Object draw(long step, RandomGenerator random) {
        return pixels(step * settings.batch, settings.batch, random);
    }

    /** Training pictures one after the other. */
    private byte[] pixels(long firstVisit, int count, RandomGenerator random) {
        byte[] pixels = new byte[count * 3 * imageSize * imageSize];
        for (int i = 0; i < count; i++) {
            byte[] picture = pictures.example(firstVisit + i, random).rgb();
            System.arraycopy(picture, 0, pixels, i * picture.length, picture.length);
        }
        return pixels;
    }

    @Override
    public NDList arguments(Object drawn, NDManager scope) {
        return new NDList(array((byte[]) drawn, settings.batch, scope));
    }

    private NDArray array(byte[] pixels, int count, NDManager scope) {
        return scope.create(
                ByteBuffer.wrap(pixels), new Shape(count, 3, imageSize, imageSize), DataType.UINT8);
    }

    @Override
    public Optional<String> before(long step, TrainingState state) {
        if (step != gaussianSteps()) {
            return Optional.empty();
        }
        byte[] pixels = pixels(0, CODEBOOK_PICTURES, new SplittableRandom(step));
        try (NDManager scope = program.manager().newSubManager()) {
            NDList arguments = state.arguments();
            arguments.add(array(pixels, CODEBOOK_PICTURES, scope));
            NDArray fit = program.train("fit_codebook", arguments);
            fit.attach(scope);
            float[] values = fit.toFloatArray();
            return Optional.of(
                    "step %,d  codebook of %d clusters: perplexity %.0f, mean squared distance %.2f"
                            .formatted(step, architecture.vocabulary(), values[0], values[1]));
        }
    }

    private long gaussianSteps() {
        return settings.published ? -1 : Math.round(GAUSSIAN_SHARE * settings.steps);
    }

    @Override
    public float[] hyperparameters(long step) {
        return settings.published ? publishedKnobs(step) : clusteredKnobs(step);
    }

    /**
     * The paper's schedules: their lengths are the same shares of the steps as of its 3 million.
     */
    private float[] publishedKnobs(long step) {
        double rate =
                Schedules.cosine(
                        settings.learningRate,
                        settings.learningRate / 80,
                        step,
                        settings.steps * 0.4);
        double temperature = Schedules.cosine(1, 1 / 16.0, step, settings.steps / 20.0);
        double beta = Schedules.cosine(0, settings.klWeight, step, settings.steps / 600.0);
        return hyperparameters(rate, temperature, beta, RELAXED);
    }

    private float[] clusteredKnobs(long step) {
        long gaussian = gaussianSteps();
        long joint = Math.round(JOINT_SHARE * settings.steps);
        if (step < gaussian) {
            double rate = Schedules.warmUpCosine(settings.learningRate, step, gaussian);
            return hyperparameters(rate, 1, GAUSSIAN_KL_WEIGHT, GAUSSIAN);
        }
        if (step < joint) {
            double temperature =
                    Schedules.cosine(1 / 8.0, 1 / 16.0, step - gaussian, joint - gaussian);
            // slowly: a codebook that is moved fast loses codes
            return hyperparameters(
                    settings.learningRate / 20, temperature, settings.klWeight, RELAXED);
        }
        double rate =
                Schedules.warmUpCosine(settings.learningRate, step - joint, settings.steps - joint);
        return hyperparameters(rate, 1 / 16.0, settings.klWeight, DECODER_ALONE);
    }

    private float[] hyperparameters(double rate, double temperature, double beta, int phase) {
        return new float[] {
            settings.precision.torchType(),
            (float) rate,
            (float) temperature,
            (float) beta,
            1f,
            0.999f,
            phase,
            (float) (3 * Math.log(architecture.vocabulary())),
            settings.accumulate
        };
    }

    @Override
    public int phase(long step) {
        return (int) hyperparameters(step)[PHASE];
    }

    @Override
    public List<String> metrics() {
        return List.of("loss", "-ln f", "KL", "gradient");
    }

    @Override
    public String unit() {
        return "pictures";
    }

    @Override
    public int unitsPerStep() {
        return settings.batch;
    }

    @Override
    public Optional<Measured> evaluate(long step, Map<String, Safetensors.Tensor> weights) {
        if (step <= gaussianSteps() || heldOut.isEmpty()) {
            return Optional.empty();
        }
        try (DiscreteVae vae =
                new DiscreteVae(weights, architecture, imageSize, settings.precision)) {
            Reconstruction reconstruction = Reconstruction.measure(vae, heldOut);
            String summary =
                    "held out: PSNR %.2f dB, codebook perplexity %.0f, %d of %d codes in use"
                            .formatted(
                                    reconstruction.psnr(),
                                    reconstruction.perplexity(),
                                    reconstruction.codesInUse(),
                                    architecture.vocabulary());
            return Optional.of(
                    new Measured(
                            summary,
                            Map.of("PSNR", reconstruction.psnr()),
                            reconstruction.sheet()));
        }
    }

    @Override
    public void close() {
        program.close();
    }
}
