package dev.nocturne.runtime;

/**
 * What can go wrong with a batch, by what is to be done about it. Messages are one line that names
 * the value and the remedy.
 */
public abstract sealed class StageException extends RuntimeException
        permits TransientException, PermanentException, FatalException {

    StageException(String message, Throwable cause) {
        super(message, cause);
    }
}
