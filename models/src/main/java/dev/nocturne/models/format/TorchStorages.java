package dev.nocturne.models.format;

import dev.nocturne.models.format.Pickled.Storage;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * What torch keeps in a file: an object, and the storages that its tensors lie in. A zip archive
 * (torch 1.6 and later), or the row of pickles that came before it. The caller closes it.
 */
final class TorchStorages implements Closeable {

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

    /** Far more than a program of TorchScript's has. */
    private static final int MAX_SOURCE_BYTES = 1 << 24;

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

    private final Object root;
    private final Bytes bytes;
    private final String program;

    private TorchStorages(Object root, Bytes bytes, String program) {
        this.root = root;
        this.bytes = bytes;
        this.program = program;
    }

    /**
     * @throws InvalidModelException if the file is none of torch's, or damaged
     */
    static TorchStorages open(Path file) throws IOException {
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

    /** What was saved. */
    Object root() {
        return root;
    }

    /** The source text of an archive of TorchScript's; empty if the file is none. */
    String program() {
        return program;
    }

    /** Bytes of a storage; -1 if there is no such storage. */
    long size(String key) throws InvalidModelException {
        return bytes.size(key);
    }

    /** Bytes of a storage, fewer than asked for if it ends before. */
    byte[] read(String key, long from, int length) throws IOException {
        return bytes.read(key, from, length);
    }

    @Override
    public void close() throws IOException {
        bytes.close();
    }

    private static TorchStorages zipped(Path file, ZipFile zip) throws IOException {
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
        return new TorchStorages(
                new Unpickler(file, ByteBuffer.wrap(root)).read(),
                storages,
                program(zip, folder + "code/"));
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
    private static TorchStorages legacy(Path file, FileChannel channel) throws IOException {
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
        return new TorchStorages(root, bytes, "");
    }

    private static String program(ZipFile zip, String folder) throws IOException {
        StringBuilder text = new StringBuilder();
        for (ZipEntry entry : zip.stream().toArray(ZipEntry[]::new)) {
            String name = entry.getName();
            if (name.startsWith(folder) && name.endsWith(".py")) {
                try (InputStream in = zip.getInputStream(entry)) {
                    int room = MAX_SOURCE_BYTES - text.length();
                    text.append(new String(in.readNBytes(room), StandardCharsets.UTF_8));
                }
            }
        }
        return text.toString();
    }

    static int elementBytes(Path file, Storage storage) throws InvalidModelException {
        Integer width = ELEMENT_BYTES.get(storage.type().toString());
        if (width == null) {
            throw invalid(file, "storage %s is a %s".formatted(storage.key(), storage.type()));
        }
        return width;
    }

    private static InvalidModelException invalid(Path file, String wrong) {
        return Refusal.of(file, wrong, "copy or export it again");
    }
}
