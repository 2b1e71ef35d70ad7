package dev.nocturne.training.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.transformer.AttentionPattern;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture.Attention;
import dev.nocturne.training.loop.InitialWeights;
import dev.nocturne.training.loop.TrainingState;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What dropout leaves out of the transformer, in steps that change no weight. */
class DropoutTest {
    private static final int BATCH = 4;
    private static final int IMAGE_LOSS = 2;
    private static final TransformerArchitecture ARCHITECTURE =
            new TransformerArchitecture(2, 64, 30, 6, 16, 4, Attention.DENSE);

    private final SplittableRandom random = new SplittableRandom(1);
    private final TorchProgram program = ARCHITECTURE.trainingProgram();
    private final NDManager scope = program.manager().newSubManager();
    private final TrainingState state =
            TrainingState.of(
                    program.manager(),
                    InitialWeights.transformer(
                            ARCHITECTURE.shapes(), ARCHITECTURE.layers(), random),
                    name -> true);
    private final NDArray text = ids(ARCHITECTURE.textLength(), 30);
    private final NDArray image = ids(ARCHITECTURE.gridLength(), 16);

    @AfterEach
    void close() {
        scope.close();
        program.close();
    }

    @Test
    void withoutDropoutEveryStepSeesTheWholeModel() {
        assertThat(loss(0)).isEqualTo(loss(0));
    }

    @Test
    void withDropoutEveryStepSeesAnotherPartOfTheModel() {
        assertThat(loss(0.3f)).isNotEqualTo(loss(0.3f)).isNotEqualTo(loss(0));
    }

    private float loss(float dropout) {
        int positions = ARCHITECTURE.textLength() + ARCHITECTURE.gridLength();
        NDList arguments = state.arguments();
        arguments.add(
                scope.create(
                        new float[] {
                            Precision.FLOAT32.torchType(), 0, 1, 0.999f, 0, dropout, 1, 1
                        }));
        arguments.add(program.hostManager().create(ARCHITECTURE.layout()));
        arguments.add(
                scope.create(
                        AttentionPattern.masks(ARCHITECTURE.textLength(), ARCHITECTURE.gridSize()),
                        new Shape(AttentionPattern.values().length, positions, positions)));
        arguments.add(text);
        arguments.add(image);
        arguments.add(image); // what it shall predict
        NDArray metrics = program.train("train_step", arguments);
        metrics.attach(scope);
        return metrics.toFloatArray()[IMAGE_LOSS];
    }

    private NDArray ids(int length, int vocabulary) {
        return scope.create(
                random.longs((long) BATCH * length, 0, vocabulary).toArray(),
                new Shape(BATCH, length));
    }
}
