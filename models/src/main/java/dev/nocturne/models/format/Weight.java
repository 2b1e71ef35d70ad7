package dev.nocturne.models.format;

import dev.nocturne.models.format.Safetensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A tensor of a file: its shape, and its values when they are asked for. */
public record Weight(long[] shape, Values values) {

    /** Reads the values in row-major order. */
    public interface Values {
        float[] read() throws IOException;
    }

    /**
     * The same values in another shape; unchanged if they would not fill it, for the check of
     * shapes.
     */
    public Weight shaped(long... other) {
        return elements(other) == elements(shape) ? new Weight(other, values) : this;
    }

    /** Its parts from one number of the first dimension up to another; there must be so many. */
    public Weight part(int from, int to) {
        long[] partShape = shape.clone();
        partShape[0] = to - from;
        int size = (int) (elements(shape) / shape[0]);
        return new Weight(
                partShape, () -> Arrays.copyOfRange(values.read(), from * size, to * size));
    }

    /** Tensors of one shape, one after the other along the first dimension. */
    public static Weight stacked(Path file, String name, List<Weight> parts)
            throws InvalidModelException {
        long[] shape = parts.get(0).shape().clone();
        for (Weight part : parts) {
            if (shape.length == 0 || !Arrays.equals(part.shape(), shape)) {
                throw Refusal.of(
                        file, name + ", its keys and its values differ in shape", "copy it again");
            }
        }
        shape[0] *= parts.size();
        return new Weight(
                shape,
                () -> {
                    float[] values = new float[0];
                    for (Weight part : parts) {
                        float[] more = part.values().read();
                        int end = values.length;
                        values = Arrays.copyOf(values, end + more.length);
                        System.arraycopy(more, 0, values, end, more.length);
                    }
                    return values;
                });
    }

    /** The product of a shape. */
    public static long elements(long[] shape) {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    /**
     * A matrix {@code [in, out]} or a convolution {@code [height, width, in, out]} of Flax's, as
     * torch has it: {@code [out, in]}, {@code [out, in, height, width]}.
     */
    public Weight fromFlax() {
        int dimensions = shape.length;
        if (dimensions < 2) {
            return this;
        }
        int out = (int) shape[dimensions - 1];
        int in = (int) shape[dimensions - 2];
        int places = (int) (elements(shape) / in / out);
        long[] turned = new long[dimensions];
        turned[0] = out;
        turned[1] = in;
        System.arraycopy(shape, 0, turned, 2, dimensions - 2);
        return new Weight(
                turned,
                () -> {
                    float[] from = values.read();
                    float[] to = new float[from.length];
                    int at = 0;
                    for (int place = 0; place < places; place++) {
                        for (int row = 0; row < in; row++) {
                            for (int column = 0; column < out; column++) {
                                to[(column * in + row) * places + place] = from[at++];
                            }
                        }
                    }
                    return to;
                });
    }

    /** So many ones. */
    public static Weight ones(long size) {
        return new Weight(
                new long[] {size},
                () -> {
                    float[] ones = new float[(int) size];
                    Arrays.fill(ones, 1);
                    return ones;
                });
    }

    /**
     * Reads the weights of an architecture.
     *
     * @param expected name and shape of every one
     * @throws InvalidModelException if one is missing, misshapen or unknown
     */
    public static Map<String, Tensor> readAll(
            Path file, Map<String, Weight> weights, Map<String, long[]> expected)
            throws IOException {
        try {
            return new LinkedHashMap<>(readEach(file, weights, expected));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /**
     * The weights of an architecture, each read whenever it is asked for; a failure to read throws
     * {@link UncheckedIOException}.
     *
     * @param expected name and shape of every one
     * @throws InvalidModelException if one is missing, misshapen or unknown
     */
    public static Map<String, Tensor> readEach(
            Path file, Map<String, Weight> weights, Map<String, long[]> expected)
            throws IOException {
        for (Map.Entry<String, Weight> found : weights.entrySet()) {
            long[] shape = expected.get(found.getKey());
            if (shape == null) {
                throw invalid(file, "it has the unknown tensor " + found.getKey());
            }
            if (!Arrays.equals(shape, found.getValue().shape())) {
                throw invalid(
                        file,
                        "the tensor %s is %s, and not %s as the others make it"
                                .formatted(
                                        found.getKey(),
                                        Arrays.toString(found.getValue().shape()),
                                        Arrays.toString(shape)));
            }
        }
        for (String name : expected.keySet()) {
            require(file, weights, name);
        }
        return new LazyTensors(
                expected.keySet(),
                name -> {
                    try {
                        return new Tensor(expected.get(name), weights.get(name).values().read());
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    /**
     * A size of a tensor.
     *
     * @throws InvalidModelException if there is no such tensor, or it has no such dimension
     */
    public static int size(Path file, Map<String, Weight> weights, String name, int dimension)
            throws InvalidModelException {
        long[] shape = require(file, weights, name).shape();
        if (dimension >= shape.length || shape[dimension] > Integer.MAX_VALUE) {
            throw invalid(file, "the tensor %s is %s".formatted(name, Arrays.toString(shape)));
        }
        return (int) shape[dimension];
    }

    /** How many names there are of this pattern, in which {@code %d} counts from a number on. */
    public static int count(Map<String, Weight> weights, String pattern, int from) {
        int count = 0;
        while (weights.containsKey(pattern.formatted(from + count))) {
            count++;
        }
        return count;
    }

    /**
     * @throws InvalidModelException if there is no tensor of this name
     */
    public static Weight require(Path file, Map<String, Weight> weights, String name)
            throws InvalidModelException {
        Weight weight = weights.get(name);
        if (weight == null) {
            throw invalid(file, "it lacks the tensor " + name);
        }
        return weight;
    }

    private static InvalidModelException invalid(Path file, String wrong) {
        return Refusal.of(file, wrong, "give the file that its publisher made for this model");
    }
}
