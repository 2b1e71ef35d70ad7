package dev.nocturne.schemas;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Identity. Everything below a job is derived from its submitter's names, so that any stage may run
 * twice and nothing visible changes.
 */
public final class Ids {

    /** Job and request, as a record's key names them. */
    public record RequestKey(String jobId, String requestId) {}

    /** Stands before the token's hash; no digit of base 32, so that no ULID looks like it. */
    static final char OWNED = 'u';

    private static final int REQUEST_ID_CHARS = 16;
    private static final Pattern REQUEST_ID = Pattern.compile("[0-9a-f]{16}");

    /** A job id is part of object keys, so it is kept to what is a plain name in every store. */
    private static final Pattern JOB_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    /** The id of a job that the ingest-service has made, or of a single caption of its own. */
    private static final Pattern OWNED_JOB_ID =
            Pattern.compile("(?:batch_|job-|caption-)[0-9a-hjkmnp-tv-z]{10}u([0-9a-f]{16})");

    private Ids() {}

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

    /**
     * Whether a caption with this token may belong to that job. An id that {@link IdSource} made
     * ends in the hash of its token, so only its own captions may; any other id is free.
     *
     * @param token null if there is none
     */
    public static boolean mayClaim(String jobId, String token) {
        Matcher owned = OWNED_JOB_ID.matcher(jobId);
        return !owned.matches() || token != null && owned.group(1).equals(hash(token));
    }

    /** The first 16 hexadecimal digits of the SHA-256 of job id, line feed, custom id. */
    public static String requestId(String jobId, String customId) {
        return hash(jobId + '\n' + customId);
    }

    static String hash(String text) {
        return Sha256.hex(text.getBytes(StandardCharsets.UTF_8)).substring(0, REQUEST_ID_CHARS);
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

    /**
     * The seed of a request that names none: the first bits of the hash that is its id.
     *
     * @param scheme see {@link SeedSchemes}
     */
    public static long defaultSeed(String requestId, int scheme) {
        int bits = scheme == SeedSchemes.MIXED ? 63 : 53;
        return Long.parseUnsignedLong(requestId, 16) >>> (Long.SIZE - bits);
    }
}
