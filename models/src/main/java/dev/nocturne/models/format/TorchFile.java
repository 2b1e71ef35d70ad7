package dev.nocturne.models.format;

import dev.nocturne.models.format.Pickled.Instance;
import dev.nocturne.models.format.Pickled.Storage;
import dev.nocturne.models.format.Pickled.View;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * The named tensors of a file that torch wrote: a state dictionary, a whole module or a TorchScript
 * archive, as a zip archive (torch 1.6 and later) or as the row of pickles that came before it.
 * Names are those of {@code state_dict()}.
 *
 * <p>Opening reads the names and shapes and checks that each tensor lies inside its storage; values
 * are read when they are asked for, until {@link #close}, which the caller owes.
 */
public final class TorchFile implements Closeable {

    /** The bytes of storages, by key. */
    private interface Bytes extends Closeable {
        /** How many there are; -1 if there is no such storage. */
        long size(String key) throws InvalidModelException;

        byte[] read(String key, long from, int length) throws IOException;
    }

    private static final int ZIP_MAGIC = 0x04034b50;
    private static final BigInteger LEGACY_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);

    /** The pickle of a model with a million tensors would be of this order. */
    private static final long MAX_PICKLE_BYTES = 1 << 28;

    /** Numbers that are read at a time. */
    private static final int PIECE = 1 << 20;

    private static final int MAX_DEPTH = 64;
    private static final int MAX_NAME = 1000;
    private static final int MAX_ATTRIBUTES = 100_000;

    /** Bytes of an element, by type of storage. */
    private static final Map<String, Integer> ELEMENT_BYTES =
            Map.of(
                    "torch.BoolStorage", 1,
                    "torch.ByteStorage", 1,
                    "torch.CharStorage", 1,
                    "torch.ShortStorage", 2,
                    "torch.HalfStorage", 2,
                    "torch.BFloat16Storage", 2,
                    "torch.IntStorage", 4,
                    "torch.FloatStorage", 4,
                    "torch.LongStorage", 8,
                    "torch.DoubleStorage", 8);

    private final Path file;
    private final Bytes bytes;
    private final Object root;
    private final Map<String, Weight> weights = new LinkedHashMap<>();

    private boolean isFloat16 = true;

    /** Attributes that were looked at, counted as often as they were. */
    private int visited;

    private TorchFile(Path file, Bytes bytes, Object root) throws InvalidModelException {
        this.file = file;
        this.bytes = bytes;
        this.root = root;
        collect("", root, 0);
    }

    /**
     * @throws InvalidModelException if the file is none of torch's, damaged, or holds anything but
     *     tensors and the modules around them
     */
    public static TorchFile open(Path file) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.read(start);
            if (start.flip().remaining() < Integer.BYTES) {
                throw invalid(file, "it has %d bytes".formatted(channel.size()));
            }
            if (start.getInt() != ZIP_MAGIC) {
                return legacy(file, channel);
            }
        }
        ZipFile zip;
        try {
            zip = new ZipFile(file.toFile());
        } catch (ZipException e) {
            throw invalid(file, "it is no whole zip archive (%s)".formatted(e.getMessage()));
        }
        try {
            return zipped(file, zip);
        } catch (IOException | RuntimeException e) {
            zip.close();
            throw e;
        }
    }

    /** The tensors by name, in the file's order. */
    public Map<String, Weight> weights() {
        return Collections.unmodifiableMap(weights);
    }

    /** The tensors whose names begin so, by the rest of their names. */
    public Map<String, Weight> weights(String prefix) {
        Map<String, Weight> found = new LinkedHashMap<>();
        weights.forEach(
                (name, weight) -> {
                    if (name.startsWith(prefix)) {
                        found.put(name.substring(prefix.length()), weight);
                    }
                });
        return found;
    }

    /** Whether all numbers are of 16 bits, of IEEE's kind. */
    public boolean isFloat16() {
        return isFloat16;
    }

    /** What a checkpoint holds beside its tensors, by name; nothing if it is no dictionary. */
    public Map<?, ?> dictionary() {
        return root instanceof Map<?, ?> map ? map : Map.of();
    }

    @Override
    public void close() throws IOException {
        bytes.close();
    }

    private static TorchFile zipped(Path file, ZipFile zip) throws IOException {
        List<? extends ZipEntry> pickles =
                zip.stream().filter(entry -> entry.getName().matches("[^/]+/data\\.pkl")).toList();
        if (pickles.size() != 1) {
            throw invalid(file, "it is a zip archive with %d data.pkl".formatted(pickles.size()));
        }
        String name = pickles.get(0).getName();
        String folder = name.substring(0, name.indexOf('/') + 1);
        ZipEntry pickle = stored(file, zip, name);
        ZipEntry byteOrder = stored(file, zip, folder + "byteorder");
        if (byteOrder != null) {
            byte[] order = zip.getInputStream(byteOrder).readNBytes(16);
            if (!new String(order, StandardCharsets.US_ASCII).strip().equals("little")) {
                throw invalid(file, "its numbers are big-endian");
            }
        }
        if (pickle.getSize() > MAX_PICKLE_BYTES) {
            throw invalid(
                    file, "its pickle has %,d bytes, too many for one".formatted(pickle.getSize()));
        }
        byte[] root = zip.getInputStream(pickle).readAllBytes();
        Bytes storages =
                new Bytes() {
                    @Override
                    public long size(String key) throws InvalidModelException {
                        ZipEntry entry = stored(file, zip, folder + "data/" + key);
                        return entry == null ? -1 : entry.getSize();
                    }

                    @Override
                    public byte[] read(String key, long from, int length) throws IOException {
                        ZipEntry entry = zip.getEntry(folder + "data/" + key);
                        try (InputStream in = zip.getInputStream(entry)) {
                            in.skipNBytes(from);
                            return in.readNBytes(length);
                        }
                    }

                    @Override
                    public void close() throws IOException {
                        zip.close();
                    }
                };
        return new TorchFile(file, storages, new Unpickler(file, ByteBuffer.wrap(root)).read());
    }

    /** An entry, or null; never a compressed one, which torch does not write for data. */
    private static ZipEntry stored(Path file, ZipFile zip, String name)
            throws InvalidModelException {
        ZipEntry entry = zip.getEntry(name);
        if (entry != null && entry.getMethod() != ZipEntry.STORED) {
            throw invalid(file, "its entry %s is compressed".formatted(name));
        }
        return entry;
    }

    /**
     * Pickles of a magic number, the version, the machine, the object and the keys of the storages;
     * then each storage, its number of elements before it.
     */
    private static TorchFile legacy(Path file, FileChannel channel) throws IOException {
        if (channel.size() > Integer.MAX_VALUE) {
            throw invalid(
                    file, "it is no zip archive and too large for torch's format of before 1.6");
        }
        ByteBuffer mapped =
                channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
                        .order(ByteOrder.LITTLE_ENDIAN);
        if (mapped.get(0) != (byte) 0x80
                || !LEGACY_MAGIC.equals(new Unpickler(file, mapped).read())) {
            throw invalid(file, "it is neither a zip archive nor a file of torch's");
        }
        new Unpickler(file, mapped).read();
        new Unpickler(file, mapped).read();
        Unpickler unpickler = new Unpickler(file, mapped);
        Object root = unpickler.read();
        Map<String, ByteBuffer> slices = new HashMap<>();
        if (!(new Unpickler(file, mapped).read() instanceof List<?> keys)) {
            throw invalid(file, "it has no list of storages");
        }
        for (Object key : keys) {
            Storage storage = unpickler.storages().get(key);
            if (storage == null) {
                throw invalid(file, "its object has no storage " + key);
            }
            int width = elementBytes(file, storage);
            long elements = mapped.remaining() < Long.BYTES ? -1 : mapped.getLong();
            if (elements != storage.elements() || elements > mapped.remaining() / width) {
                throw invalid(file, "it ends inside the storage " + key);
            }
            int length = (int) elements * width;
            slices.put(storage.key(), mapped.slice(mapped.position(), length));
            mapped.position(mapped.position() + length);
        }
        Bytes bytes =
                new Bytes() {
                    @Override
                    public long size(String key) {
                        ByteBuffer slice = slices.get(key);
                        return slice == null ? -1 : slice.capacity();
                    }

                    @Override
                    public byte[] read(String key, long from, int length) {
                        byte[] values = new byte[length];
                        slices.get(key).get((int) from, values);
                        return values;
                    }

                    @Override
                    public void close() {}
                };
        return new TorchFile(file, bytes, root);
    }

    /** Adds the tensors of a dictionary or module; the prefix is empty or ends in a dot. */
    private void collect(String prefix, Object holder, int depth) throws InvalidModelException {
        Map<?, ?> attributes =
                holder instanceof Instance instance
                        ? instance.attributes()
                        : holder instanceof Map<?, ?> dictionary ? dictionary : Map.of();
        // a module may hold itself, or others over and over
        if (depth > MAX_DEPTH || prefix.length() > MAX_NAME) {
            throw invalid(file, "its modules are nested more than %d deep".formatted(MAX_DEPTH));
        }
        visited += attributes.size();
        if (visited > MAX_ATTRIBUTES) {
            throw invalid(
                    file, "its modules have more than %,d attributes".formatted(MAX_ATTRIBUTES));
        }
        if (attributes.get("_modules") instanceof Map<?, ?> modules) {
            // a module of Python's, whose other attributes are none of its state
            collect(prefix, attributes.get("_parameters"), depth + 1);
            collect(prefix, attributes.get("_buffers"), depth + 1);
            collect(prefix, modules, depth + 1);
            return;
        }
        for (Map.Entry<?, ?> attribute : attributes.entrySet()) {
            String name = prefix + attribute.getKey();
            if (attribute.getValue() instanceof View view) {
                requireStored(name, view.storage());
                isFloat16 &= view.storage().type().name().equals("HalfStorage");
                weights.put(name, new Weight(view.shape(), () -> read(name, view)));
            } else {
                collect(name + ".", attribute.getValue(), depth + 1);
            }
        }
    }

    private void requireStored(String name, Storage storage) throws InvalidModelException {
        long size = bytes.size(storage.key());
        if (size < 0) {
            throw invalid(
                    file,
                    "the tensor %s lies in storage %s, which is missing"
                            .formatted(name, storage.key()));
        }
        if (storage.elements() > size / elementBytes(file, storage)) {
            throw invalid(
                    file,
                    "storage %s has %d bytes, too few for %d elements of %s"
                            .formatted(storage.key(), size, storage.elements(), storage.type()));
        }
    }

    private static int elementBytes(Path file, Storage storage) throws InvalidModelException {
        Integer width = ELEMENT_BYTES.get(storage.type().toString());
        if (width == null) {
            throw invalid(file, "storage %s is a %s".formatted(storage.key(), storage.type()));
        }
        return width;
    }

    /** The view's elements in row-major order, as float32. */
    private float[] read(String name, View view) throws IOException {
        if (view.isContiguous()) {
            return readInPieces(name, view);
        }
        Storage storage = view.storage();
        int width = elementBytes(file, storage);
        long length = view.span() * width;
        if (length > Integer.MAX_VALUE - 8) {
            throw invalid(
                    file,
                    "the tensor %s spans %,d bytes, more than an array holds"
                            .formatted(name, length));
        }
        ByteBuffer source =
                ByteBuffer.wrap(bytes.read(storage.key(), view.offset() * width, (int) length))
                        .order(ByteOrder.LITTLE_ENDIAN);
        if (source.remaining() < length) {
            throw invalid(file, "it ends inside the tensor " + name);
        }
        float[] values = new float[(int) view.elements()];
        long[] shape = view.shape();
        int[] index = new int[shape.length];
        long at = 0;
        for (int i = 0; i < values.length; i++) {
            values[i] = number(storage, source, (int) at);
            // the next index, the last dimension first
            for (int d = shape.length - 1; d >= 0; d--) {
                at += view.strides()[d];
                if (++index[d] < shape[d]) {
                    break;
                }
                at -= shape[d] * view.strides()[d];
                index[d] = 0;
            }
        }
        return values;
    }

    /** As {@link #read}, with no more memory than its values take. */
    private float[] readInPieces(String name, View view) throws IOException {
        Storage storage = view.storage();
        int width = elementBytes(file, storage);
        if (view.elements() > Integer.MAX_VALUE - 8) {
            throw invalid(
                    file, "the tensor %s has more numbers than an array holds".formatted(name));
        }
        float[] values = new float[(int) view.elements()];
        for (int done = 0; done < values.length; ) {
            int count = Math.min(PIECE, values.length - done);
            ByteBuffer source =
                    ByteBuffer.wrap(
                                    bytes.read(
                                            storage.key(),
                                            (view.offset() + done) * width,
                                            count * width))
                            .order(ByteOrder.LITTLE_ENDIAN);
            if (source.remaining() < count * width) {
                throw invalid(file, "it ends inside the tensor " + name);
            }
            for (int i = 0; i < count; i++) {
                values[done++] = number(storage, source, i);
            }
        }
        return values;
    }

    private float number(Storage storage, ByteBuffer source, int at) throws InvalidModelException {
        return switch (storage.type().name()) {
            case "FloatStorage" -> source.getFloat(4 * at);
            case "HalfStorage" -> HalfPrecision.fromFloat16(source.getShort(2 * at));
            case "BFloat16Storage" -> HalfPrecision.fromBfloat16(source.getShort(2 * at));
            case "DoubleStorage" -> (float) source.getDouble(8 * at);
            case "LongStorage" -> source.getLong(8 * at);
            default ->
                    throw invalid(
                            file,
                            "storage %s is a %s, which holds no weights"
                                    .formatted(storage.key(), storage.type()));
        };
    }

    private static InvalidModelException invalid(Path file, String wrong) {
        return Refusal.of(file, wrong, "copy or export it again");
    }
}
