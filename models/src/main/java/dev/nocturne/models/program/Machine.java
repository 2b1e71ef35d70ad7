package dev.nocturne.models.program;

import ai.djl.engine.Engine;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What this machine can do, measured with large sums and square matrices, so that other figures can
 * be given as shares of it.
 *
 * @param device the processor or GPU, by its own name
 * @param threads that compute; on a GPU, 0
 * @param readBytesPerSecond from memory
 * @param flopsPerSecond of a product of two large matrices in the precision asked for
 */
public record Machine(
        String device, int threads, double readBytesPerSecond, double flopsPerSecond) {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

    /** Whether the models run on a GPU. */
    public static boolean hasGpu() {
        return Engine.getInstance().getGpuCount() > 0;
    }

    /** Takes a second or two, and 2 GB of a GPU's memory. */
    public static Machine measure(Precision precision) {
        boolean gpu = hasGpu();
        // On a GPU large enough that the start of the work and the way back of its result, some
        // tens of microseconds, don't count.
        long floats = gpu ? 1L << 29 : 1L << 26;
        long side = gpu ? 8192 : 2048;
        int runs = gpu ? 100 : 7;
        try (TorchProgram program = TorchProgram.load("machine.py");
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue large = random(scope, floats);
                IValue square = random(scope, side, side);
                IValue type = IValue.from((long) precision.torchType());
                IValue matrix = program.call("cast", square, type)) {
            double read = seconds(runs, program, "read", large);
            double multiply = seconds(runs, program, "square", matrix);
            return new Machine(
                    gpu ? gpu() : processor(),
                    gpu ? 0 : JniUtils.getNumThreads(),
                    4.0 * floats / read,
                    2.0 * side * side * side / multiply);
        }
    }

    private static IValue random(PtNDManager scope, long... shape) {
        return IValue.from((PtNDArray) scope.randomNormal(new Shape(shape)));
    }

    /** The least of several runs: what the machine does when nothing disturbs it. */
    private static double seconds(
            int runs, TorchProgram program, String function, IValue... arguments) {
        double least = Double.MAX_VALUE;
        for (int i = 0; i < runs; i++) {
            long began = System.nanoTime();
            program.call(function, arguments).close();
            least = Math.min(least, (System.nanoTime() - began) / 1e9);
        }
        return least;
    }

    static boolean isAmd() {
        return told(PROCESSORS, "vendor_id").equals(Optional.of("AuthenticAMD"));
    }

    private static String processor() {
        return told(PROCESSORS, "model name").orElse(System.getProperty("os.arch"));
    }

    /** The first GPU by the name that its driver tells. */
    private static String gpu() {
        try (Stream<Path> gpus = Files.list(Path.of("/proc/driver/nvidia/gpus"))) {
            return gpus.sorted()
                    .flatMap(gpu -> told(gpu.resolve("information"), "Model").stream())
                    .findFirst()
                    .orElse("GPU");
        } catch (IOException e) {
            return "GPU";
        }
    }

    /** What a file of lines "name: value" tells under a name first. */
    private static Optional<String> told(Path file, String name) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
