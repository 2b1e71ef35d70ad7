package dev.nocturne.runtime;

/**
 * The worker has another model bundle than the work: it takes nothing with it, leaves its group, so
 * that others get the records, and waits.
 */
public final class WrongBundleException extends StageException {

    WrongBundleException(String message) {
        super(message, null);
    }
}
