package dev.nocturne.models.upscaler;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * Enlarges pictures that the dVAE rendered to {@link UpscalerFamily#FACTOR} times their size, and
 * removes the dVAE's marks.
 *
 * <p>Deterministic: pictures go through it one by one, so what else is enlarged changes nothing.
 * Belongs to one thread at a time; the caller closes it.
 */
public final class Upscaler implements AutoCloseable {
    private final TorchProgram program;
    private final IValue weights;

    /**
     * @param weights by the names and in the shapes of {@link UpscalerFamily#shapes}
     * @param precision of the convolutions
     */
    public Upscaler(
            UpscalerFamily family, Map<String, Safetensors.Tensor> weights, Precision precision) {
        this.program = family.program();
        this.weights = program.prepare(weights, precision);
    }

    /** A square picture of type RGB, enlarged. */
    public BufferedImage enlarge(BufferedImage picture) {
        int size = picture.getWidth();
        int enlarged = size * UpscalerFamily.FACTOR;
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue input =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(
                                                ByteBuffer.wrap(Pixels.planar(picture)),
                                                new Shape(1, 3, size, size),
                                                DataType.UINT8));
                IValue output = program.call("enlarge", weights, input)) {
            byte[] planar = new byte[3 * enlarged * enlarged];
            output.toTensor(scope).toByteBuffer().get(planar);
            return Pixels.picture(planar, enlarged);
        }
    }

    /** Nanoseconds spent in the program so far. */
    public long nanosInside() {
        return program.nanosInside();
    }

    @Override
    public void close() {
        weights.close();
        program.close();
    }
}
