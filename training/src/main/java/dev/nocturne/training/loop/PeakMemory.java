package dev.nocturne.training.loop;

import ai.djl.Device;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.cuda.CudaUtils;
import dev.nocturne.models.program.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The most memory that this process held since the last reset, where Linux tells it. On a GPU: what
 * is taken of its memory, since libtorch keeps what it once took.
 */
public final class PeakMemory {
    private static final String RESET_PEAK = "5";

    private PeakMemory() {}

    public static void reset() {
        if (Machine.hasGpu()) {
            JniUtils.emptyCudaCache();
            return;
        }
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), RESET_PEAK);
        } catch (IOException e) {
            // then the peak is that of the whole run
        }
    }

    /** 0 where the system does not tell. */
    public static long bytes() {
        if (Machine.hasGpu()) {
            return CudaUtils.getGpuMemory(Device.gpu()).getUsed();
        }
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
