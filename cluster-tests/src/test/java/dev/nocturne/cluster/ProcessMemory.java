package dev.nocturne.cluster;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a JVM holds at the moment.
 *
 * @param heapBytes of the objects that are left after a collection of the whole heap
 * @param residentBytes of the process, after that collection
 */
record ProcessMemory(long heapBytes, long residentBytes) {
    private static final Path JCMD = Path.of(System.getProperty("java.home"), "bin", "jcmd");

    /** The last line of a histogram: instances, then bytes. */
    private static final Pattern TOTAL = Pattern.compile("^Total +\\d+ +(\\d+)", Pattern.MULTILINE);

    /** Collects its garbage first; empty if the process ends meanwhile. */
    static Optional<ProcessMemory> of(long pid) throws IOException, InterruptedException {
        // the histogram is one of live objects: the JVM collects before it counts them
        String histogram =
                output(List.of(JCMD.toString(), Long.toString(pid), "GC.class_histogram"));
        Matcher total = TOTAL.matcher(histogram);
        String kibibytes = output(List.of("ps", "-o", "rss=", "-p", Long.toString(pid))).strip();
        return total.find() && !kibibytes.isEmpty()
                ? Optional.of(
                        new ProcessMemory(
                                Long.parseLong(total.group(1)), Long.parseLong(kibibytes) << 10))
                : Optional.empty();
    }

    /** Of each figure by itself. */
    static ProcessMemory median(List<ProcessMemory> looks) {
        return new ProcessMemory(
                median(looks, ProcessMemory::heapBytes),
                median(looks, ProcessMemory::residentBytes));
    }

    private static long median(List<ProcessMemory> looks, ToDoubleFunction<ProcessMemory> figure) {
        return Math.round(Growth.median(looks, figure));
    }

    private static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        process.waitFor();
        return output;
    }
}
