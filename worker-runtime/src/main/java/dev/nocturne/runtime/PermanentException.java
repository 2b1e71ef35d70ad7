package dev.nocturne.runtime;

/** This record can never succeed: it goes to the dead letters and its request has failed. */
public final class PermanentException extends StageException {

    private final String reasonCode;

    /**
     * @param reasonCode one of {@link dev.nocturne.schemas.ReasonCodes}
     */
    public PermanentException(String reasonCode, String message) {
        this(reasonCode, message, null);
    }

    public PermanentException(String reasonCode, String message, Throwable cause) {
        super(message == null ? String.valueOf(cause) : message, cause);
        this.reasonCode = reasonCode;
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
}
