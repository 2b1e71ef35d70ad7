package dev.nocturne.models.format;

import dev.nocturne.models.format.Pickled.Instance;
import dev.nocturne.models.format.Pickled.Storage;
import dev.nocturne.models.format.Pickled.View;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The named tensors of a file that torch wrote: a state dictionary, a whole module or a TorchScript
 * archive, as a zip archive (torch 1.6 and later) or as the row of pickles that came before it.
 * Names are those of {@code state_dict()}.
 *
 * <p>Opening reads the names and shapes and checks that each tensor lies inside its storage; values
 * are read when they are asked for, until {@link #close}, which the caller owes.
 */
public final class TorchFile implements Closeable {
    /** Numbers that are read at a time. */
    private static final int PIECE = 1 << 20;

    private static final int MAX_DEPTH = 64;
    private static final int MAX_NAME = 1000;
    private static final int MAX_ATTRIBUTES = 100_000;

    private final Path file;
    private final TorchStorages storages;
    private final Map<String, Weight> weights = new LinkedHashMap<>();
    private final Map<String, String> modules = new LinkedHashMap<>();

    private boolean isFloat16 = true;

    /** Attributes that were looked at, counted as often as they were. */
    private int visited;

    private TorchFile(Path file, TorchStorages storages) throws InvalidModelException {
        this.file = file;
        this.storages = storages;
        collect("", storages.root(), 0);
    }

    /**
     * @throws InvalidModelException if the file is none of torch's, damaged, or holds what no file
     *     of weights needs
     */
    public static TorchFile open(Path file) throws IOException {
        TorchStorages storages = TorchStorages.open(file);
        try {
            return new TorchFile(file, storages);
        } catch (IOException | RuntimeException e) {
            storages.close();
            throw e;
        }
    }

    /** The tensors by name, in the file's order. */
    public Map<String, Weight> weights() {
        return Collections.unmodifiableMap(weights);
    }

    /**
     * The names of classes, by the names of the modules that are objects of them; empty if a
     * dictionary was saved.
     */
    public Map<String, String> modules() {
        return Collections.unmodifiableMap(modules);
    }

    /** The source text of an archive of TorchScript's; empty if the file is none. */
    public String program() {
        return storages.program();
    }

    /** Whether all numbers are of 16 bits, of IEEE's kind. */
    public boolean isFloat16() {
        return isFloat16;
    }

    /** What a checkpoint holds beside its tensors, by name; nothing if it is no dictionary. */
    public Map<?, ?> dictionary() {
        return storages.root() instanceof Map<?, ?> map ? map : Map.of();
    }

    @Override
    public void close() throws IOException {
        storages.close();
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
        if (holder instanceof Instance instance && !prefix.isEmpty()) {
            modules.put(prefix.substring(0, prefix.length() - 1), instance.type().toString());
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
        long size = storages.size(storage.key());
        if (size < 0) {
            throw invalid(
                    file,
                    "the tensor %s lies in storage %s, which is missing"
                            .formatted(name, storage.key()));
        }
        if (storage.elements() > size / TorchStorages.elementBytes(file, storage)) {
            throw invalid(
                    file,
                    "storage %s has %d bytes, too few for %d elements of %s"
                            .formatted(storage.key(), size, storage.elements(), storage.type()));
        }
    }

    /** The view's elements in row-major order, as float32. */
    private float[] read(String name, View view) throws IOException {
        if (view.isContiguous()) {
            return readInPieces(name, view);
        }
        Storage storage = view.storage();
        int width = TorchStorages.elementBytes(file, storage);
        long length = view.span() * width;
        if (length > Integer.MAX_VALUE - 8) {
            throw invalid(
                    file,
                    "the tensor %s spans %,d bytes, more than an array holds"
                            .formatted(name, length));
        }
        ByteBuffer source =
                ByteBuffer.wrap(storages.read(storage.key(), view.offset() * width, (int) length))
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
        int width = TorchStorages.elementBytes(file, storage);
        if (view.elements() > Integer.MAX_VALUE - 8) {
            throw invalid(
                    file, "the tensor %s has more numbers than an array holds".formatted(name));
        }
        float[] values = new float[(int) view.elements()];
        for (int done = 0; done < values.length; ) {
            int count = Math.min(PIECE, values.length - done);
            ByteBuffer source =
                    ByteBuffer.wrap(
                                    storages.read(
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
