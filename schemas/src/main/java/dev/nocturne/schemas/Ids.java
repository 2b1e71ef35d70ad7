package dev.nocturne.schemas;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/**
 * Identity. Everything below a job is derived from its submitter's names, so that any stage may run
 * twice and nothing visible changes.
 */
public final class Ids {

    /** Job and request, as a record's key names them. */
    public record RequestKey(String jobId, String requestId) {}

    private static final RandomGenerator RANDOM = new SecureRandom();
    private static final String CROCKFORD_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";
    private static final int REQUEST_ID_CHARS = 16;
    private static final Pattern REQUEST_ID = Pattern.compile("[0-9a-f]{16}");

    /** A job id is part of object keys, so it is kept to what is a plain name in every store. */
    private static final Pattern JOB_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private Ids() {}

    /** {@code job-} and a lower-case ULID: job ids sort by the time of their making. */
    public static String newJobId() {
        return newJobId(Instant.now(), RANDOM);
    }

    /** As {@link #newJobId()}, from a given time and source of its 80 random bits. */
    public static String newJobId(Instant now, RandomGenerator random) {
        return newId("job-", now, random);
    }

    /** As {@link #newJobId()}, for a job that is made as a batch: {@code batch_} and a ULID. */
    public static String newBatchId() {
        return newId("batch_", Instant.now(), RANDOM);
    }

    /** {@code file-} and a lower-case ULID. */
    public static String newFileId() {
        return newId("file-", Instant.now(), RANDOM);
    }

    private static String newId(String prefix, Instant now, RandomGenerator random) {
        StringBuilder id = new StringBuilder(prefix);
        appendBase32(id, now.toEpochMilli(), 10); // 48 bits of time
        appendBase32(id, random.nextLong(), 8);
        appendBase32(id, random.nextLong(), 8);
        return id.toString();
    }

    /** How ids begin, after their prefix, that are made at this time: they sort by it. */
    public static String timePart(Instant time) {
        StringBuilder part = new StringBuilder();
        appendBase32(part, time.toEpochMilli(), 10);
        return part.toString();
    }

    private static void appendBase32(StringBuilder out, long bits, int digits) {
        for (int digit = digits - 1; digit >= 0; digit--) {
            out.append(CROCKFORD_BASE32.charAt((int) (bits >>> (5 * digit)) & 31));
        }
    }

    public static boolean isJobId(String jobId) {
        return JOB_ID.matcher(jobId).matches();
    }

    /** Whether these are ids as {@link #key} takes them. */
    public static boolean isRequest(String jobId, String requestId) {
        return isJobId(jobId) && REQUEST_ID.matcher(requestId).matches();
    }

    /**
     * The job of a caption that was published without one: {@code caption-} and its custom id, or
     * the hash of the custom id where that is no plain name.
     */
    public static String captionJobId(String customId) {
        String readable = "caption-" + customId;
        return isJobId(readable) ? readable : "caption-" + hash(customId);
    }

    /** The first 16 hexadecimal digits of the SHA-256 of job id, line feed, custom id. */
    public static String requestId(String jobId, String customId) {
        return hash(jobId + '\n' + customId);
    }

    private static String hash(String text) {
        try {
            byte[] sha256 =
                    MessageDigest.getInstance("SHA-256")
                            .digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(sha256).substring(0, REQUEST_ID_CHARS);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** The key of a request's records in every topic. */
    public static String key(String jobId, String requestId) {
        return jobId + '/' + requestId;
    }

    /**
     * @throws IllegalArgumentException if the key is not {@code jobId/requestId}
     */
    public static RequestKey parse(String key) {
        int slash = key.indexOf('/');
        if (slash > 0) {
            RequestKey parsed = new RequestKey(key.substring(0, slash), key.substring(slash + 1));
            if (isRequest(parsed.jobId, parsed.requestId)) {
                return parsed;
            }
        }
        throw new IllegalArgumentException("key '%s' is not jobId/requestId".formatted(key));
    }

    /** The seed of a request that names none: the first 63 bits of the hash that is its id. */
    public static long defaultSeed(String requestId) {
        return Long.parseUnsignedLong(requestId, 16) >>> 1;
    }
}
