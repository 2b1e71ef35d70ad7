package dev.nocturne.schemas;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** New ids, which sort by the time of their making. Thread-safe if its randomness is. */
public final class IdSource {

    /**
     * An id that nobody can claim without the token, see {@link Ids#mayClaim}.
     *
     * @param id of a job, or a custom id of which {@link Ids#captionJobId} makes one
     */
    public record Owned(String id, String token) {}

    private static final String CROCKFORD_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";

    private final Clock clock;
    private final RandomGenerator random;

    public IdSource(Clock clock, RandomGenerator random) {
        this.clock = clock;
        this.random = random;
    }

    /** By the system's clock, with random bits that nobody can guess. */
    public static IdSource system() {
        return new IdSource(Clock.systemUTC(), new SecureRandom());
    }

    /** A lower-case ULID. */
    public String newUlid() {
        return timePart(clock.instant()) + randomText();
    }

    /** {@code file-} and a ULID. */
    public String newFileId() {
        return "file-" + newUlid();
    }

    /** Of a job that is made as a batch: {@code batch_}, the time, and the token's hash. */
    public Owned newBatch() {
        return owned("batch_");
    }

    /** As {@link #newBatch}, with {@code job-}. */
    public Owned newJob() {
        return owned("job-");
    }

    /** As {@link #newBatch}, for the custom id of a caption that is a job of its own. */
    public Owned newCaption() {
        return owned("");
    }

    private Owned owned(String prefix) {
        String token = randomText() + randomText();
        return new Owned(prefix + timePart(clock.instant()) + Ids.OWNED + Ids.hash(token), token);
    }

    /** How ids begin, after their prefix, that are made at this time: they sort by it. */
    public static String timePart(Instant time) {
        return base32(time.toEpochMilli(), 10); // 48 bits
    }

    /** 80 bits. */
    private String randomText() {
        return base32(random.nextLong(), 8) + base32(random.nextLong(), 8);
    }

    private static String base32(long bits, int digits) {
        StringBuilder text = new StringBuilder();
        for (int digit = digits - 1; digit >= 0; digit--) {
            text.append(CROCKFORD_BASE32.charAt((int) (bits >>> (5 * digit)) & 31));
        }
        return text.toString();
    }
}
