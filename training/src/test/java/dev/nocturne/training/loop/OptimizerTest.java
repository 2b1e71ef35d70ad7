package dev.nocturne.training.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * That {@code adamw.py} does all it says: TorchScript may take a write into a list for dead code.
 */
class OptimizerTest {
    private static final int BATCH = 4;
    private static final int GRADIENT_NORM = 3;
    private static final ClipArchitecture CLIP =
            new ClipArchitecture(16, 8, 1, 64, 1, 64, 6, 40, 64);

    private final SplittableRandom random = new SplittableRandom(1);

    @Test
    void gradientsStartAtZeroInEveryStepAndTheAverageFollowsTheWeights() {
        try (TorchProgram program = TorchProgram.load("clip.py", "resblocks.py", "adamw.py");
                NDManager scope = program.manager().newSubManager()) {
            Map<String, Safetensors.Tensor> weights =
                    InitialWeights.transformer(CLIP.shapes(), 1, random);
            weights.put("logit_scale", InitialWeights.constant(new long[0], 2));
            TrainingState state = TrainingState.of(program.manager(), weights, name -> true);
            NDList batch = batch(scope);

            float[] first = step(program, state, batch, 0);
            float[] again = step(program, state, batch, 0);
            assertThat(first[GRADIENT_NORM]).isPositive();
            assertThat(again[GRADIENT_NORM])
                    .isCloseTo(first[GRADIENT_NORM], within(1e-3f * first[GRADIENT_NORM]));
            assertThat(average(state)).isEqualTo(weights.get("visual.proj").data());

            step(program, state, batch, 0.01f);
            assertThat(average(state)).isNotEqualTo(weights.get("visual.proj").data());
            assertThat(state.steps()).isEqualTo(3);
        }
    }

    private NDList batch(NDManager scope) {
        byte[] pixels = new byte[BATCH * 3 * CLIP.imageSize() * CLIP.imageSize()];
        random.nextBytes(pixels);
        return new NDList(
                scope.create(
                        random.longs((long) BATCH * CLIP.textLength(), 0, CLIP.vocabulary())
                                .toArray(),
                        new Shape(BATCH, CLIP.textLength())),
                scope.create(
                        ByteBuffer.wrap(pixels),
                        new Shape(BATCH, 3, CLIP.imageSize(), CLIP.imageSize()),
                        DataType.UINT8),
                scope.create(LongStream.range(0, BATCH).toArray()));
    }

    private static float[] step(
            TorchProgram program, TrainingState state, NDList batch, float learningRate) {
        try (NDManager scope = program.manager().newSubManager()) {
            NDList arguments = state.arguments();
            arguments.add(
                    scope.create(
                            new float[] {
                                Precision.FLOAT32.torchType(), learningRate, 1, 0.999f, 1, 1
                            }));
            arguments.addAll(batch);
            NDArray metrics = program.train("train_step", arguments);
            metrics.attach(scope);
            return metrics.toFloatArray();
        }
    }

    private static float[] average(TrainingState state) {
        return state.averaged().get("visual.proj").data();
    }
}
