package dev.nocturne.models.format;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A safetensors file: an eight-byte length, a JSON header, the tensors' little-endian bytes without
 * gaps (<a href="https://huggingface.co/docs/safetensors">specification</a>).
 *
 * <p>{@link #open} reads and verifies the header only. Each tensor is mapped by itself when asked
 * for, because a Java mapping ends at 2 GiB and model files do not. Mappings outlive {@link
 * #close}, which the caller owes.
 */
public final class Safetensors implements AutoCloseable {

    /**
     * Float32 values in row-major order; their number is the product of the shape (1 for a scalar).
     */
    public record Tensor(long[] shape, float[] data) {

        public Tensor {
            if (elements(shape) != data.length) {
                throw new IllegalArgumentException(
                        "%d values do not fill the shape %s"
                                .formatted(data.length, Arrays.toString(shape)));
            }
        }
    }

    /** How float32 tensors are stored; the narrow types round to nearest, ties to even. */
    public enum StorageType {
        F32,
        F16,
        BF16;

        ElementType elementType() {
            return ElementType.valueOf(name());
        }
    }

    /** The element types that a file may hold. */
    public enum ElementType {
        BOOL(1),
        U8(1),
        I8(1),
        F8_E4M3(1),
        F8_E5M2(1),
        I16(2),
        U16(2),
        F16(2),
        BF16(2),
        I32(4),
        U32(4),
        F32(4),
        I64(8),
        U64(8),
        F64(8);

        private final int bytes;

        ElementType(int bytes) {
            this.bytes = bytes;
        }

        /** Of one element. */
        int bytes() {
            return bytes;
        }
    }

    /**
     * Where a tensor lies.
     *
     * @param offset position of its first byte in the file
     * @param bytes its length
     */
    public record Entry(String name, ElementType type, long[] shape, long offset, long bytes) {}

    /** What Java widens to float32. */
    private static final Set<ElementType> FLOATS =
            EnumSet.of(ElementType.F32, ElementType.F16, ElementType.BF16);

    static final String METADATA = "__metadata__";
    static final int LENGTH_BYTES = Long.BYTES;

    /** A multiple of every element's size. */
    private static final long MAX_MAPPING_BYTES = 1 << 30;

    static final ObjectMapper JSON =
            JsonMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private final Path file;
    private final FileChannel channel;
    private final Map<String, Entry> entries;
    private final Map<String, String> metadata;

    Safetensors(
            Path file,
            FileChannel channel,
            Map<String, Entry> entries,
            Map<String, String> metadata) {
        this.file = file;
        this.channel = channel;
        this.entries = Collections.unmodifiableMap(entries);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Opens a file and verifies that its header describes all of it.
     *
     * @throws InvalidModelException if it does not
     */
    public static Safetensors open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            return new SafetensorsHeader(file, channel).read();
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** All tensors of a file of floating-point tensors, in file order; the map is the caller's. */
    public static Map<String, Tensor> readAll(Path file) throws IOException {
        try (Safetensors opened = open(file)) {
            return new LinkedHashMap<>(opened.tensors());
        }
    }

    /**
     * Writes a file in place of an older one, if any: a reader sees the one or the other, whole.
     * Equal arguments, the tensors in equal order, give equal bytes.
     */
    public static void write(
            Path file, Map<String, Tensor> tensors, StorageType type, Map<String, String> metadata)
            throws IOException {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        write(file, shapes, tensors, type, metadata);
    }

    /**
     * The same for tensors that may be more than memory holds: each is asked for once, in the order
     * of the shapes.
     */
    public static void write(
            Path file,
            Map<String, long[]> shapes,
            Map<String, Tensor> tensors,
            StorageType type,
            Map<String, String> metadata)
            throws IOException {
        SafetensorsWriter.write(file, shapes, tensors, type, metadata);
    }

    /** The tensors by name, in the header's order. */
    public Map<String, Entry> entries() {
        return entries;
    }

    /** The free text of the header; empty if it has none. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** A tensor's bytes, mapped read-only, little-endian; at most 2 GiB. */
    public ByteBuffer bytes(String name) throws IOException {
        Entry entry = entry(name);
        if (entry.bytes() > Integer.MAX_VALUE) {
            throw invalid(
                    file,
                    "tensor %s has %d bytes, more than a mapping holds"
                            .formatted(name, entry.bytes()),
                    "split the tensor");
        }
        return map(entry.offset(), entry.bytes());
    }

    /**
     * All tensors of a file of floating-point tensors, in the header's order, each read whenever it
     * is asked for; only until {@link #close}. A failure to read throws {@link
     * UncheckedIOException}.
     *
     * @throws InvalidModelException if a tensor is of another type, or more than an array holds
     */
    public Map<String, Tensor> tensors() throws InvalidModelException {
        for (Entry entry : entries.values()) {
            requireFloats(entry);
        }
        return new LazyTensors(
                entries.keySet(),
                name -> {
                    try {
                        return tensor(name);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    /**
     * The values of a tensor of type F32, F16 or BF16, widened to float32.
     *
     * @return as many as the product of its shape, in row-major order
     * @throws InvalidModelException if there is no such tensor, it is of another type, or it has
     *     more values than an array holds
     */
    public float[] floats(String name) throws IOException {
        Entry entry = entry(name);
        requireFloats(entry);
        float[] values = new float[(int) elements(entry.shape())];
        int done = 0;
        for (long at = 0; at < entry.bytes(); at += MAX_MAPPING_BYTES) {
            long length = Math.min(MAX_MAPPING_BYTES, entry.bytes() - at);
            done = widen(entry, map(entry.offset() + at, length), values, done);
        }
        return values;
    }

    /** The shape and the {@link #floats} of a tensor. */
    public Tensor tensor(String name) throws IOException {
        return new Tensor(entry(name).shape(), floats(name));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private Entry entry(String name) throws InvalidModelException {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw invalid(file, "it has no tensor " + name, "use the weights of this architecture");
        }
        return entry;
    }

    private void requireFloats(Entry entry) throws InvalidModelException {
        if (!FLOATS.contains(entry.type())) {
            throw invalid(
                    file,
                    "tensor %s holds %s".formatted(entry.name(), entry.type()),
                    "store weights as F32, F16 or BF16");
        }
        long elements = elements(entry.shape());
        if (elements > Integer.MAX_VALUE - 8) {
            throw invalid(
                    file,
                    "tensor %s has %d elements, more than an array holds"
                            .formatted(entry.name(), elements),
                    "split the tensor");
        }
    }

    private ByteBuffer map(long offset, long bytes) throws IOException {
        return channel.map(FileChannel.MapMode.READ_ONLY, offset, bytes)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Widens all of {@code source} into {@code values} from {@code at} on; returns where it ended.
     */
    private static int widen(Entry entry, ByteBuffer source, float[] values, int at) {
        switch (entry.type()) {
            case F32 -> {
                FloatBuffer floats = source.asFloatBuffer();
                int count = floats.remaining();
                floats.get(values, at, count);
                return at + count;
            }
            case F16 -> {
                ShortBuffer halves = source.asShortBuffer();
                while (halves.hasRemaining()) {
                    values[at++] = HalfPrecision.fromFloat16(halves.get());
                }
                return at;
            }
            case BF16 -> {
                ShortBuffer halves = source.asShortBuffer();
                while (halves.hasRemaining()) {
                    values[at++] = HalfPrecision.fromBfloat16(halves.get());
                }
                return at;
            }
            default -> throw new AssertionError(entry.type() + " is not among " + FLOATS);
        }
    }

    /** The product of the shape. */
    static long elements(long[] shape) {
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        return elements;
    }

    static InvalidModelException invalid(Path file, String wrong, String remedy) {
        return new InvalidModelException("%s: %s; %s".formatted(file, wrong, remedy));
    }
}
