package dev.nocturne.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** A line for each scenario, in {@code target/faults.md}: what docs/reliability.md shows. */
final class FaultReport {
    private static final Path FILE = Path.of("target", "faults.md");

    /**
     * @param recovered from the beginning of the fault to the next request that ended
     * @param longestWait the longest time of the job in which no request ended
     */
    void row(String title, List<String> violations, Duration recovered, Duration longestWait)
            throws IOException {
        write(
                "| %s | %s | %s | %s |%n"
                        .formatted(
                                title,
                                violations.isEmpty() ? "held" : String.join("; ", violations),
                                seconds(recovered),
                                seconds(longestWait)));
    }

    /** How long the work of the dead waited. */
    void held(String title, HeldWork work) throws IOException {
        write(
                "| %s: work of the dead | %s | | %s |%n"
                        .formatted(
                                title,
                                work.isEmpty() ? "none was held" : "committed",
                                seconds(work.longest())));
    }

    private static void write(String row) throws IOException {
        Files.createDirectories(FILE.getParent());
        Files.writeString(FILE, row, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }
}
