package dev.nocturne.models.imports;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.format.Safetensors.Tensor;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Sampling;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/** What an imported DALL-E computes in float32, in the shape of the goldens. */
record ImportedDalle(ModelBundle bundle) {
    private static final int[] NOTHING = {};

    static int[] integers(Tensor tensor) {
        float[] values = tensor.data();
        return IntStream.range(0, values.length).map(i -> (int) values[i]).toArray();
    }

    /** The text tokens of each row, without the pads behind them. */
    static int[][] captions(Tensor text, int pad) {
        int length = (int) text.shape()[1];
        int[] ids = integers(text);
        return IntStream.range(0, (int) text.shape()[0])
                .mapToObj(
                        row -> {
                            int end = (row + 1) * length;
                            while (end > row * length && ids[end - 1] == pad) {
                                end--;
                            }
                            return Arrays.copyOfRange(ids, row * length, end);
                        })
                .toArray(int[][]::new);
    }

    /** The logits before each token of these pictures, decoded one by one. */
    float[] logits(int[][] captions, int[] image) throws IOException {
        try (GridGenerator generator = generator(captions.length)) {
            return generator.logits(
                    Arrays.stream(captions)
                            .map(text -> new Candidate(text, 0, Sampling.PLAIN, NOTHING))
                            .toList(),
                    Arrays.stream(image).asLongStream().toArray());
        }
    }

    /** The tokens that are drawn for these captions. */
    int[] draw(int[][] captions, Sampling sampling) throws IOException {
        try (GridGenerator generator = generator(captions.length + 1)) {
            return generator
                    .draw(
                            Arrays.stream(captions)
                                    .map(text -> new Candidate(text, 3, sampling, NOTHING))
                                    .toList(),
                            () -> true)
                    .stream()
                    .flatMapToInt(drawn -> IntStream.of(drawn.grid().tokens()))
                    .toArray();
        }
    }

    private GridGenerator generator(int batch) throws IOException {
        return new GridGenerator(
                weights("transformer"), bundle.transformerArchitecture(), batch, Precision.FLOAT32);
    }

    /** The picture of the first grid. */
    float[] decoded(int[] image) throws IOException {
        int side = bundle.transformerArchitecture().gridSize();
        long[] tokens = Arrays.stream(image).limit((long) side * side).asLongStream().toArray();
        try (TorchProgram program = bundle.dvaeArchitecture().program();
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue prepared = program.prepare(weights("dvae"), Precision.FLOAT32);
                IValue grid =
                        IValue.from((PtNDArray) scope.create(tokens, new Shape(1, side, side)));
                IValue pixels = program.call("decode", prepared, grid)) {
            return pixels.toTensor(scope).toFloatArray();
        }
    }

    /** The tokens of a picture, given as its levels of 255. */
    int[] encoded(Tensor pixels) throws IOException {
        byte[] bytes = new byte[pixels.data().length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (int) pixels.data()[i];
        }
        try (DiscreteVae vae =
                new DiscreteVae(
                        weights("dvae"),
                        bundle.dvaeArchitecture(),
                        bundle.imageSize(),
                        Precision.FLOAT32)) {
            return vae.encode(bytes, 1).get(0).tokens();
        }
    }

    private Map<String, Tensor> weights(String part) throws IOException {
        return Safetensors.readAll(bundle.directory().resolve(part + ".safetensors"));
    }
}
