package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.Likeliest;
import dev.nocturne.models.RandomModels;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.transformer.TransformerArchitecture.Attention;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Cached decoding, which keeps and reads only what the patterns need, against the naive control:
 * one pass over the whole sequence that computes every score and masks most of them.
 */
class DecodeControlTest {
    private static final int BATCH = 12;
    private static final int CODES = 32;
    private static final double TOLERANCE = 1e-4;

    static Stream<TransformerFamily> families() {
        // row, column, row, row, convolution
        Stream<TransformerFamily> own =
                Stream.of(8, 16, 32)
                        .map(
                                size ->
                                        new TransformerArchitecture(
                                                5, 64, 600, 6, CODES, size, Attention.SPARSE));
        Stream<TransformerFamily> dense =
                Stream.of(8, 16)
                        .map(
                                size ->
                                        new TransformerArchitecture(
                                                5, 64, 600, 6, CODES, size, Attention.DENSE));
        return Stream.of(
                        own,
                        dense,
                        Stream.of(
                                new KakaoTransformer(2, 64, 600, 1, 6, CODES, 8),
                                new DalleMiniTransformer(2, 2, 64, 100, 600, 0, 2, 8, CODES, 8),
                                dallePytorch(true, true, true, false),
                                dallePytorch(true, false, false, true),
                                dallePytorch(false, true, false, false)))
                .flatMap(family -> family);
    }

    private static TransformerFamily dallePytorch(
            boolean rotary, boolean shifted, boolean normed, boolean reversible) {
        List<AttentionPattern> attention =
                List.of(
                        AttentionPattern.OWN_ROW,
                        AttentionPattern.COLUMN,
                        AttentionPattern.AROUND,
                        AttentionPattern.CORNER,
                        AttentionPattern.FULL);
        return new DallePytorchTransformer(
                5, 64, 2, 600, 6, CODES, 8, attention, rotary, shifted, normed, normed, reversible);
    }

    @ParameterizedTest
    @MethodSource("families")
    void logitsAreThoseOfTheDenseControl(TransformerFamily architecture) {
        int gridSize = architecture.gridSize();
        Map<String, Safetensors.Tensor> weights = RandomModels.weights(architecture.shapes());
        Random random = new Random(5);
        // rows of one caption fill more than one group, and are not beside each other
        int[][] captions = {{1, 7}, {2}, {1, 7}, {1, 7}};
        List<Candidate> rows =
                IntStream.range(0, BATCH)
                        .mapToObj(i -> captions[i % captions.length])
                        .map(text -> new Candidate(text, 0, Sampling.PLAIN, new int[0]))
                        .toList();
        long[] image = random.longs((long) BATCH * gridSize * gridSize, 0, CODES).toArray();
        float[] decoded;
        try (GridGenerator generator =
                new GridGenerator(weights, architecture, BATCH, Precision.FLOAT32)) {
            decoded = generator.logits(rows, image);
        }
        float[] control = control(architecture, weights, rows, image);
        assertThat(decoded).hasSameSizeAs(control);
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < control.length; i++) {
            largest = Math.max(largest, Math.abs(control[i]));
            difference = Math.max(difference, Math.abs(control[i] - decoded[i]));
        }
        assertThat(difference / largest).isLessThan(TOLERANCE);
        Likeliest.assertSame(decoded, control, CODES, TOLERANCE * largest);
    }

    private static float[] control(
            TransformerFamily architecture,
            Map<String, Safetensors.Tensor> weights,
            List<Candidate> rows,
            long[] image) {
        int textPositions = architecture.textPositions();
        int positions = textPositions + architecture.gridLength();
        long[] text =
                rows.stream()
                        .flatMapToLong(row -> Arrays.stream(architecture.row(row.textTokens())))
                        .toArray();
        try (TorchProgram program = architecture.trainingProgram();
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue prepared = program.prepare(weights, Precision.FLOAT32);
                IValue layout = value(scope.create(architecture.layout()));
                IValue masks =
                        value(
                                scope.create(
                                        AttentionPattern.masks(
                                                textPositions, architecture.gridSize()),
                                        new Shape(
                                                AttentionPattern.values().length,
                                                positions,
                                                positions)));
                IValue ids = value(scope.create(text, new Shape(BATCH, textPositions)));
                IValue tokens =
                        value(scope.create(image, new Shape(BATCH, architecture.gridLength())));
                IValue logits =
                        program.call("dense_logits", prepared, layout, masks, ids, tokens)) {
            return logits.toTensor(scope).toFloatArray();
        }
    }

    private static IValue value(NDArray array) {
        return IValue.from((PtNDArray) array);
    }
}
