package dev.nocturne.training.recipe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.transformer.Sampling;
import java.util.Map;

/**
 * A transformer that is drawn from with guidance, in two rows a candidate. What learns its
 * predictions draws the same in one (as Meng et al. 2023, "On Distillation of Guided Diffusion
 * Models", section 3.1, do for diffusion models).
 */
final class Teacher implements AutoCloseable {
    private final TorchProgram program;
    private final IValue weights;
    private final NDArray noCaption;
    private final NDArray sampling;

    /**
     * @param program with {@code next_token.py}; stays the caller's
     * @param noCaption a row of text, {@code [textPositions]}
     * @param sampling guidance and temperature of the predictions
     */
    Teacher(
            TorchProgram program,
            Map<String, Safetensors.Tensor> weights,
            Precision precision,
            long[] noCaption,
            Sampling sampling) {
        this.program = program;
        this.weights = program.prepare(weights, precision);
        this.noCaption = program.manager().create(noCaption, new Shape(1, noCaption.length));
        this.sampling =
                program.manager()
                        .create(
                                new float[] {
                                    (float) sampling.guidance(), (float) sampling.temperature()
                                });
    }

    /**
     * What it draws each image token from.
     *
     * @param batch layout, masks, text and image of a step
     * @return {@code [batch, gridLength, vocabulary]} probabilities, owned by {@code scope}
     */
    NDArray guided(NDList batch, PtNDManager scope) {
        try (IValue layout = IValue.from((PtNDArray) batch.get(0));
                IValue masks = IValue.from((PtNDArray) batch.get(1));
                IValue text = IValue.from((PtNDArray) batch.get(2));
                IValue none = IValue.from((PtNDArray) noCaption);
                IValue image = IValue.from((PtNDArray) batch.get(3));
                IValue how = IValue.from((PtNDArray) sampling);
                IValue output =
                        program.call("guided", weights, layout, masks, text, none, image, how)) {
            return output.toTensor(scope);
        }
    }

    @Override
    public void close() {
        weights.close();
    }
}
