package dev.nocturne.runtime;

/** The same work may succeed later: it is tried again, a bounded number of times. */
public final class TransientException extends StageException {

    public TransientException(String message, Throwable cause) {
        super(message, cause);
    }
}
