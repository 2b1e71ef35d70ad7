package dev.nocturne.models.format;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The named arrays of a file that Flax wrote ({@code flax.serialization.to_bytes}): MessagePack
 * maps within maps, whose leaves are an extension of type 1 with the shape, the type and the bytes
 * of an array. Names are the keys on the way, joined by dots.
 *
 * <p>Opening reads names and shapes; values are read when they are asked for, until {@link #close},
 * which the caller owes.
 */
public final class FlaxFile implements Closeable {
    private static final int ARRAY = 1;
    private static final int MAX_DEPTH = 64;
    private static final int MAX_NAME = 1000;
    private static final int MAX_ARRAYS = 100_000;

    /** Bytes that are read at a time, a multiple of every number's size. */
    private static final int CHUNK_BYTES = 1 << 20;

    /** Where an array lies. */
    private record Array(long[] shape, Type type, long offset) {
        long elements() {
            return Safetensors.elements(shape);
        }
    }

    private enum Type {
        FLOAT32(4),
        FLOAT16(2),
        BFLOAT16(2);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }
    }

    private final Path file;
    private final FileChannel channel;
    private final long size;
    private final Map<String, Array> arrays = new LinkedHashMap<>();

    /** Of the next byte to be read as MessagePack. */
    private long position;

    private FlaxFile(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        this.size = channel.size();
    }

    /**
     * @throws InvalidModelException if the file is none of Flax's, damaged, or holds anything but
     *     arrays of floating-point numbers
     */
    public static FlaxFile open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            FlaxFile opened = new FlaxFile(file, channel);
            opened.collect("", 0);
            if (opened.position != opened.size) {
                throw opened.invalid("it goes on after its arrays");
            }
            return opened;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** The arrays by name, in the file's order. */
    public Map<String, Weight> weights() {
        Map<String, Weight> weights = new LinkedHashMap<>();
        arrays.forEach(
                (name, array) ->
                        weights.put(name, new Weight(array.shape, () -> read(name, array))));
        return Collections.unmodifiableMap(weights);
    }

    /**
     * The parts of an array along its first dimension: layers that Flax stacked. Only what is asked
     * for is read.
     */
    public Weight part(String name, int index) {
        Array array = arrays.get(name);
        long[] shape = Arrays.copyOfRange(array.shape, 1, array.shape.length);
        long bytes = Safetensors.elements(shape) * array.type.bytes;
        Array part = new Array(shape, array.type, array.offset + index * bytes);
        return new Weight(shape, () -> read(name, part));
    }

    /** Whether all numbers are of 16 bits, of IEEE's kind. */
    public boolean isFloat16() {
        return arrays.values().stream().allMatch(array -> array.type == Type.FLOAT16);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void collect(String prefix, int depth) throws IOException {
        if (depth > MAX_DEPTH || prefix.length() > MAX_NAME) {
            throw invalid("its maps are nested more than %d deep".formatted(MAX_DEPTH));
        }
        for (long left = mapSize(); left > 0; left--) {
            String name = prefix + text();
            int type = peek();
            if ((type & 0xf0) == 0x80 || type == 0xde || type == 0xdf) {
                collect(name + ".", depth + 1);
            } else {
                arrays.put(name, array(name));
            }
            if (arrays.size() > MAX_ARRAYS) {
                throw invalid("it has more than %,d arrays".formatted(MAX_ARRAYS));
            }
        }
    }

    private Array array(String name) throws IOException {
        long length = extensionSize(name);
        long end = position + length;
        if (length > size - position) {
            throw invalid("it ends inside " + name);
        }
        if (sequenceSize() != 3) {
            throw invalid(name + " is no array with shape, type and bytes");
        }
        long[] shape = new long[(int) Math.min(sequenceSize(), 9)];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = wholeNumber();
        }
        String typeName = text();
        Type type =
                Arrays.stream(Type.values())
                        .filter(one -> one.name().equalsIgnoreCase(typeName))
                        .findFirst()
                        .orElse(null);
        if (type == null) {
            throw invalid("%s holds %s".formatted(name, typeName));
        }
        long bytes = binarySize();
        Array array = new Array(shape, type, position);
        position += bytes;
        if (position != end || elements(shape) != bytes / type.bytes) {
            throw invalid(
                    "%s has %d bytes for a shape of %s"
                            .formatted(name, bytes, Arrays.toString(shape)));
        }
        return array;
    }

    /** The product of a shape; -1 if it is beyond all bounds. */
    private static long elements(long[] shape) {
        try {
            return Safetensors.elements(shape);
        } catch (ArithmeticException e) {
            return -1;
        }
    }

    private float[] read(String name, Array array) throws IOException {
        if (array.elements() > Integer.MAX_VALUE - 8) {
            throw invalid("%s has more numbers than an array holds".formatted(name));
        }
        float[] values = new float[(int) array.elements()];
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        chunk.limit(0);
        long at = array.offset;
        for (int i = 0; i < values.length; i++) {
            if (!chunk.hasRemaining()) {
                long left = (long) (values.length - i) * array.type.bytes;
                chunk.clear().limit((int) Math.min(left, CHUNK_BYTES));
                fill(chunk, at);
                at += chunk.remaining();
            }
            values[i] =
                    switch (array.type) {
                        case FLOAT32 -> chunk.getFloat();
                        case FLOAT16 -> HalfPrecision.fromFloat16(chunk.getShort());
                        case BFLOAT16 -> HalfPrecision.fromBfloat16(chunk.getShort());
                    };
        }
        return values;
    }

    private void fill(ByteBuffer buffer, long from) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, from + buffer.position()) < 0) {
                throw invalid("it ends too early");
            }
        }
        buffer.flip();
    }

    private int peek() throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        fill(one, position);
        return one.get() & 0xff;
    }

    /** The next so many bytes as a number, the most significant first, unsigned up to seven. */
    private long number(int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        fill(buffer, position);
        position += bytes;
        long number = 0;
        while (buffer.hasRemaining()) {
            number = number << 8 | buffer.get() & 0xff;
        }
        return number;
    }

    private long mapSize() throws IOException {
        int type = (int) number(1);
        if ((type & 0xf0) == 0x80) {
            return type & 0xf;
        }
        return switch (type) {
            case 0xde -> number(2);
            case 0xdf -> number(4);
            default -> throw unknown("a map", type);
        };
    }

    private long sequenceSize() throws IOException {
        int type = (int) number(1);
        if ((type & 0xf0) == 0x90) {
            return type & 0xf;
        }
        if (type == 0xdc) {
            return number(2);
        }
        throw unknown("a sequence", type);
    }

    private long wholeNumber() throws IOException {
        int type = (int) number(1);
        if (type < 0x80) {
            return type;
        }
        return switch (type) {
            case 0xcc -> number(1);
            case 0xcd -> number(2);
            case 0xce -> number(4);
            default -> throw unknown("a size", type);
        };
    }

    private long extensionSize(String name) throws IOException {
        int type = (int) number(1);
        long length =
                switch (type) {
                    case 0xc7 -> number(1);
                    case 0xc8 -> number(2);
                    case 0xc9 -> number(4);
                    case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8 -> 1L << type - 0xd4;
                    // an array of more than a gibibyte is a map that says so
                    default -> throw unknown("the array " + name, type);
                };
        if (number(1) != ARRAY) {
            throw invalid(name + " is no array");
        }
        return length;
    }

    private long binarySize() throws IOException {
        int type = (int) number(1);
        return switch (type) {
            case 0xc4 -> number(1);
            case 0xc5 -> number(2);
            case 0xc6 -> number(4);
            default -> throw unknown("the bytes of an array", type);
        };
    }

    private String text() throws IOException {
        int type = (int) number(1);
        long length =
                (type & 0xe0) == 0xa0
                        ? type & 0x1f
                        : switch (type) {
                            case 0xd9 -> number(1);
                            case 0xda -> number(2);
                            default -> throw unknown("a name", type);
                        };
        if (length > MAX_NAME) {
            throw invalid("it has a name of %d bytes".formatted(length));
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) length);
        fill(bytes, position);
        position += length;
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    private InvalidModelException unknown(String expected, int type) {
        return invalid(
                "at byte %,d it has 0x%02x in place of %s".formatted(position - 1, type, expected));
    }

    private InvalidModelException invalid(String wrong) {
        return Refusal.of(file, wrong, "give flax_model.msgpack of its publisher");
    }
}
