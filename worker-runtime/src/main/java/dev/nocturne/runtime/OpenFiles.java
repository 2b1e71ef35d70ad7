package dev.nocturne.runtime;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/** Whether a process may open as many files as it needs; with too few it dies of odd errors. */
public final class OpenFiles {

    /** Jars, connections and native libraries of a service, with room. */
    public static final int OF_A_SERVICE = 256;

    /** Also the segments of every topic and the objects in transfer. */
    public static final int OF_THE_PIPELINE = 1024;

    private OpenFiles() {}

    /** Ends the process with one line if it may open too few; to be called before all else. */
    public static void require(int needed) {
        tooFew(limit(), needed)
                .ifPresent(
                        message -> {
                            System.err.println(message);
                            System.exit(1);
                        });
    }

    static Optional<String> tooFew(long limit, int needed) {
        return limit >= needed
                ? Optional.empty()
                : Optional.of(
                        "this process may open %d files (ulimit -n): at least %d are needed, raise the limit"
                                .formatted(limit, needed));
    }

    private static long limit() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof UnixOperatingSystemMXBean unix
                ? unix.getMaxFileDescriptorCount()
                : Long.MAX_VALUE;
    }
}
