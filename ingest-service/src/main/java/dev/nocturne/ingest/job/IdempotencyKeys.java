package dev.nocturne.ingest.job;

import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import java.util.Optional;
import java.util.stream.Stream;

/** One job for an idempotency key, however often a request comes with it. Thread-safe. */
public final class IdempotencyKeys {

    /** Requests with different keys seldom wait for each other, and no key is kept here. */
    private static final int LOCKS = 64;

    /** Makes a job. */
    public interface Creation<E extends Exception> {
        /**
         * @return its id
         */
        String create() throws E;
    }

    private final JobTable jobs;
    private final Object[] locks = Stream.generate(Object::new).limit(LOCKS).toArray();

    public IdempotencyKeys(JobTable jobs) {
        this.jobs = jobs;
    }

    /**
     * @param key null: a new job in any case
     * @param digest of the request; what is created must keep key and digest
     * @return the id of the job that was created, now or earlier
     * @throws IngestException CONFLICT if the key came with another request
     */
    public <E extends Exception> String once(String key, String digest, Creation<E> creation)
            throws E {
        if (key == null) {
            return creation.create();
        }
        synchronized (locks[Math.floorMod(key.hashCode(), LOCKS)]) {
            Optional<String> earlier = jobs.jobWithKey(key);
            if (earlier.isEmpty()) {
                return creation.create();
            }
            jobs.ask(earlier.get(), job -> job.created().getRequestDigest())
                    .ifPresent(before -> requireSame(key, before, digest));
            return earlier.get();
        }
    }

    private static void requireSame(String key, String before, String digest) {
        if (!digest.equals(before)) {
            throw IngestException.conflict(
                    "Idempotency-Key",
                    "idempotency_conflict",
                    "Idempotency-Key '%s' came before with another request (SHA-256 %s, now %s): use a new key"
                            .formatted(Excerpt.of(key), before, digest));
        }
    }
}
