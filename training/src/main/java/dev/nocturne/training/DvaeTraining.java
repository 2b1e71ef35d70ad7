package dev.nocturne.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.DiscreteVae;
import dev.nocturne.models.DvaeArchitecture;
import dev.nocturne.models.Pixels;
import dev.nocturne.models.Precision;
import dev.nocturne.models.Safetensors;
import dev.nocturne.models.TokenGrid;
import dev.nocturne.models.TorchProgram;
import dev.nocturne.training.data.ExampleSource;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Trains the dVAE as in Ramesh et al. 2021, appendix A.2; the schedules are stretched over the
 * steps at hand.
 */
final class DvaeTraining implements Trainee {
    private static final int SHOWN = 32;
    private static final int COLUMNS = 16;

    private final TorchProgram program = TorchProgram.load("dvae.py", "adamw.py");
    private final DvaeArchitecture architecture;
    private final Settings settings;
    private final ExampleSource training;
    private final List<BufferedImage> heldOut;
    private final int imageSize;

    /**
     * @param klWeight β of the evidence lower bound; the paper ends at 6.6
     */
    record Settings(
            long steps, int batch, double learningRate, double klWeight, Precision precision) {}

    /**
     * @param heldOut pictures of {@code imageSize} that training never sees
     */
    DvaeTraining(
            DvaeArchitecture architecture,
            Settings settings,
            ExampleSource training,
            List<BufferedImage> heldOut,
            int imageSize) {
        this.architecture = architecture;
        this.settings = settings;
        this.training = training;
        this.heldOut = heldOut;
        this.imageSize = imageSize;
    }

    @Override
    public TorchProgram program() {
        return program;
    }

    @Override
    public Map<String, Safetensors.Tensor> initialWeights(RandomGenerator random) {
        int layers = architecture.groups() * architecture.blocksPerGroup();
        Map<String, Safetensors.Tensor> weights = new LinkedHashMap<>();
        architecture
                .shapes()
                .forEach(
                        (name, shape) ->
                                weights.put(
                                        name,
                                        InitialWeights.normal(
                                                shape, deviation(name, shape, layers), random)));
        return weights;
    }

    private static double deviation(String name, long[] shape, int layers) {
        if (name.endsWith(".b")) {
            return 0;
        }
        double fanIn = shape[1] * shape[2] * shape[3];
        if (name.equals("decoder.blocks.input.w")) {
            // Its input is one-hot: a fan-in of one.
            return 1;
        }
        if (name.equals("encoder.blocks.output.conv.w")) {
            // Logits spread enough for different patches to start out with different codes; a
            // codebook that begins collapsed stays so.
            return 2 / Math.sqrt(fanIn);
        }
        if (name.contains(".res_path.")) {
            // Keeps variance through the ReLUs; the last one offsets part of the block's gain of
            // 1/layers².
            return Math.sqrt(2 / fanIn) * (name.contains("conv_4") ? layers : 1);
        }
        return 1 / Math.sqrt(fanIn);
    }

    @Override
    public Object draw(RandomGenerator random) {
        byte[] pixels = new byte[settings.batch * 3 * imageSize * imageSize];
        for (int i = 0; i < settings.batch; i++) {
            byte[] picture = training.next(random).rgb();
            System.arraycopy(picture, 0, pixels, i * picture.length, picture.length);
        }
        return pixels;
    }

    @Override
    public NDList arguments(Object drawn, NDManager scope) {
        return new NDList(
                scope.create(
                        ByteBuffer.wrap((byte[]) drawn),
                        new Shape(settings.batch, 3, imageSize, imageSize),
                        DataType.UINT8));
    }

    @Override
    public float[] knobs(long step) {
        double rate = Schedules.warmUpCosine(settings.learningRate, step, 200, settings.steps);
        double temperature = Schedules.cosine(1, 1 / 16.0, step, 0.6 * settings.steps);
        double beta = Schedules.cosine(0, settings.klWeight, step, 0.05 * settings.steps);
        double diversity = Schedules.cosine(0.1, 0.02, step, 0.6 * settings.steps);
        return new float[] {
            settings.precision.torchType(),
            (float) rate,
            (float) temperature,
            (float) beta,
            1f,
            0.999f,
            (float) diversity
        };
    }

    @Override
    public List<String> metrics() {
        return List.of("loss", "-ln f", "KL", "usage KL", "gradient");
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
    public Evaluation evaluate(Map<String, Safetensors.Tensor> weights) {
        try (DiscreteVae vae =
                new DiscreteVae(weights, architecture, imageSize, settings.precision)) {
            long[] counts = new long[architecture.vocabulary()];
            double error = 0;
            List<List<BufferedImage>> rows = new ArrayList<>();
            for (int from = 0; from < heldOut.size(); from += SHOWN) {
                List<BufferedImage> originals =
                        heldOut.subList(from, Math.min(from + SHOWN, heldOut.size()));
                List<TokenGrid> grids = new ArrayList<>();
                for (BufferedImage original : originals) {
                    grids.add(vae.encode(Pixels.planar(original), 1).get(0));
                }
                List<BufferedImage> reconstructions = vae.decode(grids);
                for (int i = 0; i < originals.size(); i++) {
                    error += Pictures.squaredError(originals.get(i), reconstructions.get(i));
                    for (int token : grids.get(i).tokens()) {
                        counts[token]++;
                    }
                }
                for (int column = 0;
                        from == 0 && column + COLUMNS <= originals.size();
                        column += COLUMNS) {
                    rows.add(originals.subList(column, column + COLUMNS));
                    rows.add(reconstructions.subList(column, column + COLUMNS));
                }
            }
            long used = java.util.Arrays.stream(counts).filter(n -> n > 0).count();
            String summary =
                    "held out: PSNR %.2f dB, codebook perplexity %.0f, %d of %d codes in use"
                            .formatted(
                                    Pictures.psnr(error / heldOut.size()),
                                    Pictures.perplexity(counts),
                                    used,
                                    counts.length);
            return new Evaluation(summary, Pictures.sheet(rows));
        }
    }

    @Override
    public void close() {
        program.close();
    }
}
