package dev.nocturne.models.imports;

import dev.nocturne.models.HalfPrecision;
import dev.nocturne.models.InvalidModelException;
import dev.nocturne.models.imports.Unpickler.Instance;
import dev.nocturne.models.imports.Unpickler.Storage;
import dev.nocturne.models.imports.Unpickler.View;
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
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
final class TorchFile implements Closeable {

    /** The bytes of storages, by key. */
    private interface Bytes extends Closeable {
        /** How many there are; -1 if there is no such storage. */
        long size(String key);

        byte[] read(String key, long from, int length) throws IOException;
    }

    private static final int ZIP_MAGIC = 0x04034b50;
    private static final BigInteger LEGACY_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);

    /** The pickle of a model with a million tensors would be of this order. */
    private static final long MAX_PICKLE_BYTES = 1 << 28;

    private static final int MAX_DEPTH = 64;
    private static final int MAX_NAME = 1000;

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
    private final Map<String, Weight> weights = new LinkedHashMap<>();

    private TorchFile(Path file, Bytes bytes, Object root) throws InvalidModelException {
        this.file = file;
        this.bytes = bytes;
        collect("", root, 0, Collections.newSetFromMap(new IdentityHashMap<>()));
    }

    /**
     * @throws InvalidModelException if the file is none of torch's, damaged, or holds anything but
     *     tensors and the modules around them
     */
    static TorchFile open(Path file) throws IOException {
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
    Map<String, Weight> weights() {
        return Collections.unmodifiableMap(weights);
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
        ZipEntry pickle = pickles.get(0);
        String folder = pickle.getName().substring(0, pickle.getName().indexOf('/') + 1);
        for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(e -> (ZipEntry) e)::iterator) {
            // as torch stores them; and a small file then cannot unpack to a large one
            if (entry.getMethod() != ZipEntry.STORED) {
                throw invalid(file, "its entry %s is compressed".formatted(entry.getName()));
            }
        }
        ZipEntry byteOrder = zip.getEntry(folder + "byteorder");
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
                    public long size(String key) {
                        ZipEntry entry = zip.getEntry(folder + "data/" + key);
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

    /**
     * Adds the tensors of a dictionary or module, under a prefix that ends in a dot or is empty.
     */
    private void collect(String prefix, Object holder, int depth, Set<Object> seen)
            throws InvalidModelException {
        Map<?, ?> attributes =
                holder instanceof Instance instance
                        ? instance.attributes()
                        : holder instanceof Map<?, ?> dictionary ? dictionary : Map.of();
        if (depth > MAX_DEPTH || prefix.length() > MAX_NAME) {
            throw invalid(file, "its modules are nested more than %d deep".formatted(MAX_DEPTH));
        }
        // also what keeps a module that holds itself from having names without end
        if (!attributes.isEmpty() && !seen.add(holder)) {
            throw invalid(file, "it holds '%s' twice".formatted(prefix));
        }
        if (attributes.get("_modules") instanceof Map<?, ?> modules) {
            // a module of Python's, whose other attributes are none of its state
            collect(prefix, attributes.get("_parameters"), depth + 1, seen);
            collect(prefix, attributes.get("_buffers"), depth + 1, seen);
            collect(prefix, modules, depth + 1, seen);
            return;
        }
        for (Map.Entry<?, ?> attribute : attributes.entrySet()) {
            String name = prefix + attribute.getKey();
            if (attribute.getValue() instanceof View view) {
                requireStored(name, view.storage());
                weights.put(name, new Weight(view.shape(), () -> read(name, view)));
            } else {
                collect(name + ".", attribute.getValue(), depth + 1, seen);
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
        return new InvalidModelException("%s: %s; copy or export it again".formatted(file, wrong));
    }
}
