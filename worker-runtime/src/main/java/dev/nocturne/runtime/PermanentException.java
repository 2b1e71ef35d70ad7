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
        super(message, cause);
        this.reasonCode = reasonCode;
    }

    public String reasonCode() {
        return reasonCode;
    }
}
