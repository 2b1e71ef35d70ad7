package dev.nocturne.runtime;

/**
 * This record can never succeed: it goes to the dead letters, and its request has failed unless it
 * has a result already.
 */
public final class PermanentException extends StageException {

    private final String reasonCode;
    private final boolean isAnswered;

    /**
     * @param reasonCode one of {@link dev.nocturne.schemas.ReasonCodes}
     */
    public PermanentException(String reasonCode, String message) {
        this(reasonCode, message, null);
    }

    public PermanentException(String reasonCode, String message, Throwable cause) {
        this(reasonCode, message == null ? String.valueOf(cause) : message, cause, false);
    }

    private PermanentException(
            String reasonCode, String message, Throwable cause, boolean isAnswered) {
        super(message, cause);
        this.reasonCode = reasonCode;
        this.isAnswered = isAnswered;
    }

    /** For a record whose request has its result already: only the record is given up. */
    public static PermanentException ofAnswered(String reasonCode, String message) {
        return new PermanentException(reasonCode, message, null, true);
    }

    /** For an error that nobody thought of. */
    static PermanentException unexpected(String reasonCode, Throwable cause) {
        return because(reasonCode, "unexpected " + cause.getClass().getSimpleName(), cause);
    }

    /** For an error that some library threw; the message is one line, whatever the library's is. */
    public static PermanentException because(String reasonCode, String what, Throwable cause) {
        return new PermanentException(reasonCode, what + ": " + oneLine(cause), cause);
    }

    public String reasonCode() {
        return reasonCode;
    }

    /** Whether the request keeps the result that it has. */
    public boolean isAnswered() {
        return isAnswered;
    }
}
