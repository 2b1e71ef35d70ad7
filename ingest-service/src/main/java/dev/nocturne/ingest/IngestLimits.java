package dev.nocturne.ingest;

import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.RetentionText;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When this service says that it is full, how long it keeps what, and where.
 *
 * @param maxWaitingCandidates of all jobs, not drawn yet; more work is refused
 * @param minFreeBytes on the disk of each folder; with less, work is refused
 * @param fileRetention of the API's files, from their creation; null: until they are deleted
 * @param jobRetention of finished jobs with their pictures, from their end; null: until they are
 *     deleted
 * @param logRetention of events and results that nobody here needs any more; null: for ever
 * @param folders that this process, or its servers, write to
 * @param state folder for what can be made anew, so that it need not be; null: in memory
 */
public record IngestLimits(
        long maxWaitingCandidates,
        long minFreeBytes,
        Duration fileRetention,
        Duration jobRetention,
        Duration logRetention,
        List<Path> folders,
        Path state) {

    public static final String MAX_WAITING_VARIABLE = "NOCTURNE_MAX_WAITING_CANDIDATES";
    public static final String MIN_FREE_VARIABLE = "NOCTURNE_MIN_FREE_BYTES";
    public static final String RETENTION_VARIABLE = "NOCTURNE_FILE_RETENTION";
    public static final String JOB_RETENTION_VARIABLE = "NOCTURNE_JOB_RETENTION";
    public static final String LOG_RETENTION_VARIABLE = "NOCTURNE_LOG_RETENTION";

    /** The largest job has half of it: 100,000 captions of 512 candidates. */
    private static final long MAX_WAITING = 100_000_000;

    private static final long MIN_FREE_BYTES = 1L << 30;

    private static final Duration LOG_RETENTION = Duration.ofDays(7);

    /** No disk is watched, and files and jobs are kept. */
    public static final IngestLimits DEFAULT = parse(null, null, null, null, null, List.of());

    private static final Pattern BYTES = Pattern.compile("(\\d{1,15})([KMG]?)");

    /**
     * From what an operator wrote; null stands for the default.
     *
     * @param maxWaiting candidates
     * @param minFree bytes, also as {@code 512M}; 0: down to the last byte
     * @param fileRetention {@code off}, or days, hours or minutes, as {@code 30d}; likewise the
     *     next two
     * @throws FatalException if one of them cannot be read
     */
    public static IngestLimits parse(
            String maxWaiting,
            String minFree,
            String fileRetention,
            String jobRetention,
            String logRetention,
            List<Path> folders) {
        return new IngestLimits(
                maxWaiting == null ? MAX_WAITING : candidates(maxWaiting),
                minFree == null ? MIN_FREE_BYTES : bytes(minFree),
                fileRetention == null ? null : retention(RETENTION_VARIABLE, fileRetention),
                jobRetention == null ? null : retention(JOB_RETENTION_VARIABLE, jobRetention),
                logRetention == null
                        ? LOG_RETENTION
                        : retention(LOG_RETENTION_VARIABLE, logRetention),
                folders,
                null);
    }

    /**
     * @param folder made if it is not there
     */
    public IngestLimits withState(Path folder) {
        return new IngestLimits(
                maxWaitingCandidates,
                minFreeBytes,
                fileRetention,
                jobRetention,
                logRetention,
                folders,
                folder);
    }

    private static long candidates(String text) {
        if (text.matches("\\d{1,15}") && Long.parseLong(text) > 0) {
            return Long.parseLong(text);
        }
        throw wrong(MAX_WAITING_VARIABLE, text, "a number of candidates, 1 or more");
    }

    private static long bytes(String text) {
        Matcher bytes = BYTES.matcher(text);
        if (!bytes.matches()) {
            throw wrong(MIN_FREE_VARIABLE, text, "bytes, as 1073741824, 512M or 1G");
        }
        int shift =
                switch (bytes.group(2)) {
                    case "K" -> 10;
                    case "M" -> 20;
                    case "G" -> 30;
                    default -> 0;
                };
        long most = Long.MAX_VALUE >> shift;
        return Math.min(Long.parseLong(bytes.group(1)), most) << shift;
    }

    private static Duration retention(String variable, String text) {
        if (text.equals("off")) {
            return null;
        }
        return RetentionText.parse(text)
                .orElseThrow(() -> wrong(variable, text, "off, or days, hours or minutes, as 30d"));
    }

    private static FatalException wrong(String variable, String value, String expected) {
        return new FatalException("%s is '%s': must be %s".formatted(variable, value, expected));
    }
}
