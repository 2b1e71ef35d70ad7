package dev.nocturne.models;

import ai.djl.engine.Engine;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    private static final int READ_FLOATS = 1 << 26;
    private static final int SIDE = 2048;
    private static final int RUNS = 7;

    /** Takes a second or two. */
    public static Machine measure(Precision precision) {
        boolean gpu = Engine.getInstance().getGpuCount() > 0;
        try (TorchProgram program = TorchProgram.load("machine.py");
                PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue large = random(scope, READ_FLOATS);
                IValue square = random(scope, SIDE, SIDE);
                IValue type = IValue.from((long) precision.torchType());
                IValue matrix = program.call("cast", square, type)) {
            double read = seconds(program, "read", large);
            double multiply = seconds(program, "square", matrix);
            return new Machine(
                    gpu ? "GPU" : processor(),
                    gpu ? 0 : JniUtils.getNumThreads(),
                    4.0 * READ_FLOATS / read,
                    2.0 * SIDE * SIDE * SIDE / multiply);
        }
    }

    private static IValue random(PtNDManager scope, long... shape) {
        return IValue.from((PtNDArray) scope.randomNormal(new Shape(shape)));
    }

    /** The least of several runs: what the machine does when nothing disturbs it. */
    private static double seconds(TorchProgram program, String function, IValue... arguments) {
        double least = Double.MAX_VALUE;
        for (int i = 0; i < RUNS; i++) {
            long began = System.nanoTime();
            program.call(function, arguments).close();
            least = Math.min(least, (System.nanoTime() - began) / 1e9);
        }
        return least;
    }

    private static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 2))
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }
}
