package dev.nocturne.models.program;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import dev.nocturne.models.format.Safetensors;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript program from {@code src/main/torchscript}: functions over dictionaries of weights,
 * run by libtorch through DJL.
 *
 * <p>The program holds no state: weights, caches and optimizer moments are arguments. That keeps
 * bfloat16 tensors, which DJL's array type cannot name, inside native values ({@link IValue}) that
 * Java passes along unopened.
 *
 * <p>Several threads may {@link #call} it, as long as no two change one argument; all else belongs
 * to one thread at a time. The caller closes it, and every {@link IValue} it returns.
 */
public final class TorchProgram implements AutoCloseable {
    static {
        // The optimizing executor re-specialises on every new shape and fails in mixed-precision
        // backward passes.
        System.setProperty("ai.djl.pytorch.graph_optimizer", "false");
        setDefault("ai.djl.pytorch.num_interop_threads", "1");
    }

    private final PtNDManager manager;
    private final PtNDManager hostManager;
    private final PtSymbolBlock block;
    private final ParameterStore noParameters;
    private final LongAdder nanosInside = new LongAdder();

    private TorchProgram(PtNDManager manager, PtSymbolBlock block) {
        this.manager = manager;
        this.hostManager = (PtNDManager) manager.newSubManager(Device.cpu());
        this.block = block;
        this.noParameters = new ParameterStore(manager, false);
    }

    /**
     * Compiles the functions of the named sources, e.g. {@code "dvae.py", "adamw.py"}, with the
     * numbers of {@link Constants}, as one program that also gathers weights and convolves. {@code
     * "resblocks.py"} and {@code "decoding.py"} bring the layers and the matrix products of this
     * machine along, and decoding the speculative kind.
     */
    public static TorchProgram load(String... sources) {
        List<String> all = new ArrayList<>(List.of(sources));
        all.addAll(List.of("weights.py", "convolution.py"));
        if (all.contains("resblocks.py") || all.contains("decoding.py")) {
            all.addAll(List.of("layers.py", LinearSource.NAME));
        }
        if (all.contains("decoding.py")) {
            all.add("speculative.py");
        }
        return compile(all);
    }

    /** Which of the matrix products this machine has; found out once. */
    private static final class LinearSource {
        static final String NAME = hasOneDnn() ? "linear_onednn.py" : "linear_plain.py";

        private static boolean hasOneDnn() {
            if (Engine.getInstance().getGpuCount() > 0
                    || !System.getProperty("os.arch").matches("amd64|x86_64")) {
                return false;
            }
            try (TorchProgram program = compile(List.of("linear_onednn.py"))) {
                return true;
            } catch (EngineException e) {
                // a libtorch that was built without it
                return false;
            }
        }
    }

    private static TorchProgram compile(List<String> sources) {
        StringBuilder code =
                new StringBuilder(
                        "class Program(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n");
        for (String source : sources) {
            for (String line : resource(source).split("\n")) {
                code.append("  ")
                        .append(
                                Constants.substitute(line)
                                        .replaceFirst(
                                                "^(def \\w+\\(self)", "$1 : __torch__.Program"))
                        .append('\n');
            }
        }
        PtNDManager manager = (PtNDManager) NDManager.newBaseManager();
        try {
            byte[] archive = archive(code.toString());
            return new TorchProgram(
                    manager,
                    JniUtils.loadModule(manager, new ByteArrayInputStream(archive), true, false));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /**
     * Runs a function without recording gradients. The caller closes the result; the arguments stay
     * the caller's. Their shapes and types stand at the function.
     */
    public IValue call(String function, IValue... arguments) {
        // The flag is thread-local, and the thread may be new.
        JniUtils.setGraphExecutorOptimize(false);
        long began = System.nanoTime();
        try {
            return IValueUtils.runMethod(block, function, arguments);
        } finally {
            nanosInside.add(System.nanoTime() - began);
        }
    }

    /**
     * Runs a function in which gradients flow. Arrays named {@code "x.name"} reach it as the entry
     * {@code name} of the dictionary argument {@code x}; the others as tensors, in order.
     *
     * @return the function's tensor, a row of metrics as a rule, which the caller closes
     */
    public NDArray train(String function, NDList arguments) {
        JniUtils.setGradMode(true);
        try (NDArray method = hostManager.create(0f)) {
            method.setName("module_method:" + function);
            NDList named = new NDList(arguments);
            named.add(method);
            long began = System.nanoTime();
            try {
                return block.forward(noParameters, named, true).head();
            } finally {
                nanosInside.add(System.nanoTime() - began);
            }
        } finally {
            JniUtils.setGradMode(false);
        }
    }

    /** Nanoseconds that calls of all threads have spent in the program so far. */
    public long nanosInside() {
        return nanosInside.sum();
    }

    /** The manager that owns this program's arrays; use sub-managers for what is short-lived. */
    public PtNDManager manager() {
        return manager;
    }

    /**
     * For arrays whose elements the program reads one by one: on a GPU each such read of an array
     * there would wait until the device has done all that was asked of it before.
     */
    public PtNDManager hostManager() {
        return hostManager;
    }

    /**
     * The program's {@code prepare} of these weights: native, in the type of the precision. Asks
     * for them one by one, so that memory holds what is prepared and one tensor more.
     *
     * @param weights float32, by name
     * @return a dictionary of native tensors in the same shapes, which the caller closes
     */
    public IValue prepare(Map<String, Safetensors.Tensor> weights, Precision precision) {
        try (IValue type = IValue.from(precision.torchType())) {
            return gather(weights, one -> call("prepare", one, type));
        }
    }

    /**
     * The same, with its matrices laid out for products with so many rows at a time; for programs
     * with {@code resblocks.py} or {@code decoding.py}.
     */
    public IValue prepare(Map<String, Safetensors.Tensor> weights, Precision precision, int rows) {
        try (IValue type = IValue.from(precision.torchType());
                IValue count = IValue.from((long) rows)) {
            return gather(
                    weights,
                    one -> {
                        try (IValue prepared = call("prepare", one, type)) {
                            return call("packed", prepared, count);
                        }
                    });
        }
    }

    /**
     * One dictionary of what {@code preparation} makes of each tensor, as a dictionary of its own.
     */
    private IValue gather(
            Map<String, Safetensors.Tensor> weights, UnaryOperator<IValue> preparation) {
        IValue all = call("nothing");
        try {
            ByteBuffer values = ByteBuffer.allocateDirect(0);
            for (Map.Entry<String, Safetensors.Tensor> named : weights.entrySet()) {
                Safetensors.Tensor tensor = named.getValue();
                values = floats(tensor.data(), values);
                // The array may be a view of Java's memory, which the next tensor takes over:
                // prepare copies.
                try (PtNDArray array =
                                manager.create(
                                        values, new Shape(tensor.shape()), DataType.FLOAT32);
                        IValue one = IValue.stringMapFrom(Map.of(named.getKey(), array));
                        IValue prepared = preparation.apply(one)) {
                    call("adopt", all, prepared).close();
                }
            }
            return all;
        } catch (RuntimeException | Error e) {
            all.close();
            throw e;
        }
    }

    /** These values outside of Java's heap: in the given buffer if they fit, else in a larger. */
    private static ByteBuffer floats(float[] values, ByteBuffer buffer) {
        int bytes = Math.multiplyExact(values.length, Float.BYTES);
        ByteBuffer large =
                buffer.capacity() >= bytes
                        ? buffer.clear()
                        : ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        large.limit(bytes).asFloatBuffer().put(values);
        return large;
    }

    @Override
    public void close() {
        block.close();
        manager.close();
    }

    /**
     * A TorchScript archive: a stored zip of the program text, the pickled (here empty) module and
     * an empty constant table (pytorch/torch/csrc/jit/docs/serialization.md).
     */
    private static byte[] archive(String code) throws IOException {
        // protocol 2; an object of class __torch__.Program made without arguments; its state
        // {"training": True}
        byte[] module =
                "\u0080\u0002c__torch__\nProgram\n)\u0081}(X\b\0\0\0training\u0088ub."
                        .getBytes(StandardCharsets.ISO_8859_1);
        byte[] noConstants = "\u0080\u0002).".getBytes(StandardCharsets.ISO_8859_1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            store(zip, "program/data.pkl", module);
            store(zip, "program/code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
            store(zip, "program/constants.pkl", noConstants);
            store(zip, "program/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        }
        return bytes.toByteArray();
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 checksum = new CRC32();
        checksum.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    static String resource(String name) {
        try (InputStream in = TorchProgram.class.getResourceAsStream("/torchscript/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("no TorchScript program named " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void setDefault(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
