package dev.nocturne.training.measure;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.format.LazyTensors;
import dev.nocturne.models.format.Refusal;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.TorchFile;
import dev.nocturne.models.format.Weight;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The features by which Fréchet distances of pictures are published: Inception v3 (Szegedy et al.
 * 2015) with the weights and poolings of Heusel et al. 2017, as the package pytorch-fid has it.
 *
 * <p>Belongs to one thread at a time; the caller closes it.
 */
public final class Inception implements AutoCloseable {
    private static final int BATCH = 16;

    /** Features of a picture. */
    static final int FEATURES = 2048;

    private final TorchProgram program = TorchProgram.load("inception.py");
    private final IValue weights;

    /** With weights by torchvision's names. */
    Inception(Map<String, Safetensors.Tensor> weights) {
        this.weights = program.prepare(weights, Precision.FLOAT32);
    }

    /**
     * @param file as pytorch-fid keeps it: {@code pt_inception-2015-12-05-6726825d.pth}
     * @throws InvalidModelException if it holds other weights
     */
    public static Inception open(Path file) throws IOException {
        try (TorchFile torch = TorchFile.open(file)) {
            Map<String, Weight> found = new LinkedHashMap<>(torch.weights());
            found.keySet()
                    .removeIf(
                            name ->
                                    name.endsWith("num_batches_tracked")
                                            || !name.matches("(Conv2d|Mixed)_.*"));
            Inception inception =
                    new Inception(new LazyTensors(found.keySet(), name -> read(found.get(name))));
            try {
                inception.features(List.of(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB)));
            } catch (EngineException | IllegalArgumentException e) {
                inception.close();
                throw Refusal.of(
                        file,
                        "it is no Inception v3 by pytorch-fid's names",
                        "give its pt_inception-2015-12-05-6726825d.pth");
            }
            return inception;
        }
    }

    private static Safetensors.Tensor read(Weight weight) {
        try {
            return new Safetensors.Tensor(weight.shape(), weight.values().read());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * @param pictures of one size, any
     * @return {@code [pictures, 2048]}
     */
    public float[][] features(List<BufferedImage> pictures) {
        List<float[]> all = new ArrayList<>();
        for (int from = 0; from < pictures.size(); from += BATCH) {
            List<BufferedImage> batch =
                    pictures.subList(from, Math.min(from + BATCH, pictures.size()));
            int width = batch.get(0).getWidth();
            int height = batch.get(0).getHeight();
            ByteBuffer pixels = ByteBuffer.allocate(batch.size() * 3 * width * height);
            batch.forEach(picture -> pixels.put(Pixels.planar(Pixels.onWhite(picture))));
            Shape shape = new Shape(batch.size(), 3, height, width);
            try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                    IValue input =
                            IValue.from(
                                    (PtNDArray)
                                            scope.create(pixels.rewind(), shape, DataType.UINT8));
                    IValue output = program.call("features", weights, input)) {
                float[] flat = output.toTensor(scope).toFloatArray();
                for (int i = 0; i < batch.size(); i++) {
                    float[] one = new float[FEATURES];
                    System.arraycopy(flat, i * FEATURES, one, 0, FEATURES);
                    all.add(one);
                }
            }
        }
        return all.toArray(float[][]::new);
    }

    @Override
    public void close() {
        weights.close();
        program.close();
    }
}
