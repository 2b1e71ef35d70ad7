package dev.nocturne.ingest.job;

import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One job for an idempotency key, however often a request comes with it, and to which instance: of
 * all that are created, the first in the log is the one. Thread-safe.
 */
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
    private final Backlog backlog;
    private final Runnable catchUp;
    private final Object[] locks = Stream.generate(Object::new).limit(LOCKS).toArray();

    /**
     * @param backlog that counts what is created
     * @param catchUp waits until the table knows everything that is in the log by now
     */
    public IdempotencyKeys(JobTable jobs, Backlog backlog, Runnable catchUp) {
        this.jobs = jobs;
        this.backlog = backlog;
        this.catchUp = catchUp;
    }

    /**
     * @param key null: a new job in any case
     * @param digest of the request; what is created must keep key and digest
     * @return the id of the job that was created, now or earlier
     * @throws IngestException CONFLICT if the key came with another request, UNAVAILABLE if it is
     *     not known whether it did
     */
    public <E extends Exception> String once(String key, String digest, Creation<E> creation)
            throws E {
        if (key == null) {
            return creation.create();
        }
        synchronized (locks[Math.floorMod(key.hashCode(), LOCKS)]) {
            Optional<String> earlier = jobs.jobWithKey(key);
            String id = earlier.isPresent() ? earlier.get() : first(key, creation.create());
            jobs.ask(id, job -> job.created().getRequestDigest())
                    .ifPresent(before -> requireSame(key, before, digest));
            return id;
        }
    }

    /** Another instance may have created one with the key at the same time. */
    private String first(String key, String created) {
        boolean isMine = false;
        try {
            catchUp.run();
            String first = jobs.jobWithKey(key).orElseThrow();
            isMine = first.equals(created);
            return first;
        } finally {
            if (!isMine) {
                backlog.remove(created);
            }
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
