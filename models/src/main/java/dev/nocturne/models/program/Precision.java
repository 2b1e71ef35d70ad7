package dev.nocturne.models.program;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The number type of matrix products and convolutions; sums, softmax and weights at rest stay
 * float32.
 */
public enum Precision {
    FLOAT32,
    BFLOAT16;

    private final int torchType = Constants.whole(name());

    /** TorchScript's number of the type. */
    public int torchType() {
        return torchType;
    }

    /** Of a number. */
    public int bytes() {
        return this == BFLOAT16 ? 2 : 4;
    }

    /** bfloat16 on a GPU and on processors that multiply it in hardware, else float32. */
    public static Precision best() {
        return Machine.hasGpu() || processorMultipliesBfloat16() ? BFLOAT16 : FLOAT32;
    }

    private static boolean processorMultipliesBfloat16() {
        Path description = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(description)) {
            return false;
        }
        try (var lines = Files.lines(description)) {
            return lines.anyMatch(
                    line ->
                            line.matches(
                                    "(flags|Features)\\s*:.*\\b(avx512_bf16|amx_bf16|bf16)\\b.*"));
        } catch (IOException e) {
            return false;
        }
    }
}
