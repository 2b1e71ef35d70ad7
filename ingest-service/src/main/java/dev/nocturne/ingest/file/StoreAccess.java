package dev.nocturne.ingest.file;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.runtime.StageException;

/** The store, asked for a caller of the API: whatever it refuses is an answer. */
public final class StoreAccess {

    private StoreAccess() {}

    /** What is asked of the store; it may throw the caller's own exceptions, too. */
    public interface Question<T, E extends Exception> {
        T ask() throws E;
    }

    /**
     * @throws IngestException UNAVAILABLE if the store is away or refuses
     */
    public static <T, E extends Exception> T ask(Question<T, E> question) throws E {
        try {
            return question.ask();
        } catch (StageException e) {
            throw IngestException.unavailable(e);
        }
    }
}
