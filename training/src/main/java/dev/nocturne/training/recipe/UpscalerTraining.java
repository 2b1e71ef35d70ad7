package dev.nocturne.training.recipe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.upscaler.Upscaler;
import dev.nocturne.models.upscaler.UpscalerArchitecture;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.data.PictureSource;
import dev.nocturne.training.loop.InitialWeights;
import dev.nocturne.training.loop.Schedules;
import dev.nocturne.training.loop.Trainee;
import dev.nocturne.training.measure.Enlargement;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Trains the upscaler: from what the dVAE makes of a picture to the picture at the larger size. */
public final class UpscalerTraining implements Trainee {
    private static final int HELD_OUT = 128;

    private final TorchProgram program;
    private final UpscalerArchitecture architecture;
    private final Settings settings;
    private final PictureSource pictures;
    private final DiscreteVae vae;

    /** Side of the pictures that are enlarged. */
    private final int size;

    private final List<BufferedImage> heldOut;

    /** How to train. */
    public record Settings(long steps, int batch, double learningRate, Precision precision) {}

    /**
     * Takes ownership of {@code vae}.
     *
     * @param pictures of {@link UpscalerArchitecture#FACTOR} times the dVAE's size
     */
    public UpscalerTraining(
            UpscalerArchitecture architecture,
            Settings settings,
            PictureSource pictures,
            DiscreteVae vae) {
        this.program = architecture.program();
        this.architecture = architecture;
        this.settings = settings;
        this.pictures = pictures;
        this.vae = vae;
        this.size = vae.imageSize();
        this.heldOut =
                pictures.heldOut(HELD_OUT).stream()
                        .map(Example::rgb)
                        .map(rgb -> Pixels.picture(rgb, size * UpscalerArchitecture.FACTOR))
                        .toList();
    }

    @Override
    public TorchProgram program() {
        return program;
    }

    /** What is added to the bicubic enlargement begins as nothing. */
    @Override
    public Map<String, Safetensors.Tensor> initialWeights(RandomGenerator random) {
        return InitialWeights.normal(architecture.shapes(), this::deviation, random);
    }

    private double deviation(String name, long[] shape) {
        if (name.endsWith(".bias") || name.startsWith("up_2.")) {
            return 0;
        }
        double fanIn = shape[1] * shape[2] * shape[3];
        // the blocks' outputs add up
        return Math.sqrt(2 / fanIn) / (name.contains("conv_2") ? architecture.blocks() : 1);
    }

    @Override
    public Object draw(long step, RandomGenerator random) {
        int side = size * UpscalerArchitecture.FACTOR;
        ByteBuffer pixels = ByteBuffer.allocate(settings.batch * 3 * side * side);
        for (int i = 0; i < settings.batch; i++) {
            pixels.put(pictures.example(step * settings.batch + i, random).rgb());
        }
        return pixels.array();
    }

    @Override
    public NDList arguments(Object drawn, NDManager scope) {
        byte[] originals = (byte[]) drawn;
        int side = size * UpscalerArchitecture.FACTOR;
        ByteBuffer reconstructions = ByteBuffer.allocate(settings.batch * 3 * size * size);
        vae.decode(vae.encode(reduced(originals), settings.batch))
                .forEach(picture -> reconstructions.put(Pixels.planar(picture)));
        return new NDList(
                array(reconstructions.array(), size, scope), array(originals, side, scope));
    }

    private NDArray array(byte[] pixels, int side, NDManager scope) {
        return scope.create(
                ByteBuffer.wrap(pixels), new Shape(settings.batch, 3, side, side), DataType.UINT8);
    }

    /** Planes in the size of the dVAE's pictures, each value the mean of its square. */
    private byte[] reduced(byte[] planes) {
        int factor = UpscalerArchitecture.FACTOR;
        int side = size * factor;
        byte[] reduced = new byte[planes.length / (factor * factor)];
        for (int row = 0; row < reduced.length / size; row++) {
            for (int x = 0; x < size; x++) {
                int sum = 0;
                for (int y = 0; y < factor; y++) {
                    int at = (row * factor + y) * side + x * factor;
                    for (int i = 0; i < factor; i++) {
                        sum += planes[at + i] & 255;
                    }
                }
                reduced[row * size + x] = (byte) ((sum + factor * factor / 2) / (factor * factor));
            }
        }
        return reduced;
    }

    @Override
    public float[] hyperparameters(long step) {
        double rate = Schedules.warmUpCosine(settings.learningRate, step, settings.steps);
        return new float[] {settings.precision.torchType(), (float) rate, 1f, 0.995f};
    }

    @Override
    public List<String> metrics() {
        return List.of("loss", "absolute error", "gradient");
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
        if (heldOut.isEmpty()) {
            return Optional.empty();
        }
        try (Upscaler upscaler = new Upscaler(architecture, weights, settings.precision)) {
            Enlargement enlargement = Enlargement.measure(vae, upscaler, heldOut);
            return Optional.of(
                    new Measured(
                            "held out: %s; bicubic: %s"
                                    .formatted(enlargement.enlarged(), enlargement.bicubic()),
                            Map.of(
                                    "PSNR", enlargement.enlarged().psnr(),
                                    "SSIM", enlargement.enlarged().ssim()),
                            enlargement.sheet()));
        }
    }

    @Override
    public void close() {
        program.close();
        vae.close();
    }
}
