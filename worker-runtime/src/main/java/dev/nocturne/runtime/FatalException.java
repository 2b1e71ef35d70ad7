package dev.nocturne.runtime;

/** No record can succeed until a person has mended something: the service stops loudly. */
public final class FatalException extends StageException {

    public FatalException(String message) {
        this(message, null);
    }

    public FatalException(String message, Throwable cause) {
        super(message, cause);
    }
}
