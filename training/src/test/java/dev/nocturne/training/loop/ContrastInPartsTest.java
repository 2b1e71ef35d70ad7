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
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That CLIP learns from a batch in parts what it learns from the whole. */
class ContrastInPartsTest {
    private static final int BATCH = 6;
    private static final ClipArchitecture CLIP =
            new ClipArchitecture(16, 4, 1, 64, 1, 64, 6, 40, 64);

    private final SplittableRandom random = new SplittableRandom(1);
    private final TorchProgram program = TorchProgram.load("clip.py", "resblocks.py", "adamw.py");
    private final NDManager scope = program.manager().newSubManager();
    private final Map<String, Safetensors.Tensor> weights =
            InitialWeights.transformer(CLIP.shapes(), 1, random);
    private final long[] ids =
            random.longs((long) BATCH * CLIP.textLength(), 0, CLIP.vocabulary()).toArray();
    private final byte[] pixels = new byte[BATCH * 3 * CLIP.imageSize() * CLIP.imageSize()];

    /** Captions that are equal, and in different parts. */
    private final long[] groups = {0, 1, 2, 0, 3, 1};

    ContrastInPartsTest() {
        weights.put("logit_scale", InitialWeights.constant(new long[0], 2));
        random.nextBytes(pixels);
    }

    @AfterEach
    void close() {
        scope.close();
        program.close();
    }

    /**
     * @param gradients by weight
     */
    private record Step(float[] metrics, Map<String, float[]> gradients) {}

    /** Of the first so many pairs. */
    private Step step(int pairs, int parts, float seen) {
        TrainingState state = TrainingState.of(program.manager(), weights, name -> true);
        NDList arguments = state.arguments();
        arguments.add(
                scope.create(
                        new float[] {Precision.FLOAT32.torchType(), 0, 1e9f, 0.999f, seen, parts}));
        int side = CLIP.imageSize();
        arguments.add(scope.create(ids, new Shape(BATCH, CLIP.textLength())).get("0:" + pairs));
        arguments.add(
                scope.create(
                                ByteBuffer.wrap(pixels),
                                new Shape(BATCH, 3, side, side),
                                DataType.UINT8)
                        .get("0:" + pairs));
        arguments.add(scope.create(groups).get("0:" + pairs));
        program.manager().getEngine().setRandomSeed(7);
        NDArray metrics = program.train("train_step", arguments);
        metrics.attach(scope);
        Map<String, float[]> moments = new HashMap<>();
        for (NDArray array : state.arguments()) {
            if (array.getName() != null && array.getName().startsWith("m.")) {
                moments.put(array.getName(), array.toFloatArray());
            }
        }
        return new Step(metrics.toFloatArray(), moments);
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "3, 1", "4, 1", "6, 1", "2, 0.5"})
    void gradientsAreThoseOfTheWholeBatch(int parts, float seen) {
        Step whole = step(BATCH, 1, seen);
        Step inParts = step(BATCH, parts, seen);
        for (int i = 0; i < whole.metrics.length; i++) {
            assertThat(inParts.metrics[i])
                    .isCloseTo(whole.metrics[i], within(1e-4f * Math.abs(whole.metrics[i])));
        }
        whole.gradients.forEach(
                (name, expected) -> {
                    double largest = 1e-7;
                    double difference = 0;
                    float[] actual = inParts.gradients.get(name);
                    for (int i = 0; i < expected.length; i++) {
                        largest = Math.max(largest, Math.abs(expected[i]));
                        difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
                    }
                    assertThat(difference / largest).as(name).isLessThan(1e-3);
                });
        assertThat(whole.gradients.get("m.logit_scale")[0]).isNotZero();
    }

    @Test
    void aSmallerBatchIsAnotherTask() {
        assertThat(step(BATCH, 2, 1).metrics[0])
                .isGreaterThan(step(BATCH / 2, 1, 1).metrics[0] + 0.1f);
    }
}
