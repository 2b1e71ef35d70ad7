package dev.nocturne.training.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.transformer.AttentionPattern;
import dev.nocturne.models.transformer.TransformerArchitecture;
import dev.nocturne.models.transformer.TransformerArchitecture.Attention;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class AdaptersTest {
    private static final int BATCH = 2;
    private static final TransformerArchitecture ARCHITECTURE =
            new TransformerArchitecture(1, 64, 30, 6, 16, 4, Attention.DENSE);

    private final SplittableRandom random = new SplittableRandom(3);

    @Test
    void oneOfWhichNothingIsLearnedChangesNoBit() {
        Map<String, Tensor> weights =
                Map.of("a", new Tensor(new long[] {2, 2}, new float[] {-0f, 0f, 1e-30f, 3}));
        Map<String, Tensor> beside = Adapters.beside(weights, name -> true, 3, random);
        assertThat(beside).containsOnlyKeys("a", "a.adapter_in", "a.adapter_out");
        assertThat(beside.get("a.adapter_in").shape()).containsExactly(3, 2);
        assertThat(beside.get("a.adapter_in").data()).doesNotContain(0f);
        Map<String, Tensor> merged = Adapters.merged(beside);
        assertThat(merged).containsOnlyKeys("a");
        assertThat(bits(merged.get("a"))).isEqualTo(bits(weights.get("a")));
    }

    @Test
    void onlyMatricesThatAreToHaveOneHaveOne() {
        Map<String, Tensor> weights =
                Map.of(
                        "bias", new Tensor(new long[] {2}, new float[2]),
                        "kept", new Tensor(new long[] {1, 2}, new float[2]),
                        "tuned", new Tensor(new long[] {2, 1}, new float[2]));
        assertThat(Adapters.beside(weights, name -> !name.equals("kept"), 1, random))
                .containsOnlyKeys("bias", "kept", "tuned", "tuned.adapter_in", "tuned.adapter_out");
    }

    @Test
    void theProductIsAdded() {
        Map<String, Tensor> weights =
                Map.of(
                        "a", new Tensor(new long[] {2, 3}, new float[] {1, 2, 3, 4, 5, 6}),
                        "a.adapter_out", new Tensor(new long[] {2, 1}, new float[] {10, -1}),
                        "a.adapter_in", new Tensor(new long[] {1, 3}, new float[] {1, 0, 2}));
        assertThat(Adapters.merged(weights).get("a").data()).containsExactly(11, 2, 23, 3, 5, 4);
    }

    /**
     * A step at rate 0 computes the loss of the merged weights, and has moments of adapters only.
     */
    @Test
    void trainingSeesTheMergedWeights() {
        Map<String, Tensor> plain = InitialWeights.transformer(ARCHITECTURE.shapes(), 1, random);
        Map<String, Tensor> adapted =
                new HashMap<>(Adapters.beside(plain, name -> name.contains("attn."), 4, random));
        adapted.replaceAll(
                (name, weight) ->
                        name.endsWith(".adapter_out")
                                ? InitialWeights.normal(weight.shape(), 0.5, random)
                                : weight);
        try (TorchProgram program = ARCHITECTURE.trainingProgram();
                NDManager scope = program.manager().newSubManager()) {
            TrainingState state = TrainingState.of(program.manager(), adapted, Adapters::isOne);
            NDList batch = batch(program, scope);
            float loss = loss(program, state, batch);
            TrainingState merged =
                    TrainingState.of(program.manager(), state.averaged(), name -> true);
            assertThat(loss).isCloseTo(loss(program, merged, batch), within(1e-4f));
            TrainingState without = TrainingState.of(program.manager(), plain, name -> true);
            assertThat(loss).isNotCloseTo(loss(program, without, batch), within(1e-2f));

            TreeSet<String> moments = new TreeSet<>();
            for (NDArray array : state.arguments()) {
                if (array.getName() != null && array.getName().startsWith("v.")) {
                    moments.add(array.getName());
                }
            }
            assertThat(moments)
                    .containsExactly(
                            "v.resblocks.0.attn.in_proj_weight.adapter_in",
                            "v.resblocks.0.attn.in_proj_weight.adapter_out",
                            "v.resblocks.0.attn.out_proj.weight.adapter_in",
                            "v.resblocks.0.attn.out_proj.weight.adapter_out");
        }
    }

    private NDList batch(TorchProgram program, NDManager scope) {
        int positions = ARCHITECTURE.textLength() + ARCHITECTURE.gridLength();
        NDArray text = ids(scope, ARCHITECTURE.textLength(), 30);
        NDArray image = ids(scope, ARCHITECTURE.gridLength(), 16);
        return new NDList(
                scope.create(new float[] {Precision.FLOAT32.torchType(), 0, 1, 0.999f, 0, 0, 1, 1}),
                program.hostManager().create(ARCHITECTURE.layout()),
                scope.create(
                        AttentionPattern.masks(ARCHITECTURE.textLength(), ARCHITECTURE.gridSize()),
                        new Shape(AttentionPattern.values().length, positions, positions)),
                text,
                image,
                image); // what it shall predict
    }

    private NDArray ids(NDManager scope, int length, int vocabulary) {
        return scope.create(
                random.longs((long) BATCH * length, 0, vocabulary).toArray(),
                new Shape(BATCH, length));
    }

    private static float loss(TorchProgram program, TrainingState state, NDList batch) {
        NDList arguments = state.arguments();
        arguments.addAll(batch);
        try (NDArray metrics = program.train("train_step", arguments)) {
            return metrics.toFloatArray()[0];
        }
    }

    private static int[] bits(Tensor tensor) {
        int[] bits = new int[tensor.data().length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(tensor.data()[i]);
        }
        return bits;
    }
}
