package dev.nocturne.runtime;

/**
 * What can go wrong with a batch, by what is to be done about it. Messages are one line that names
 * the value and the remedy.
 */
public abstract sealed class StageException extends RuntimeException
        permits TransientException, PermanentException, FatalException, WrongBundleException {

    StageException(String message, Throwable cause) {
        super(message, cause);
    }

    /** What happened, in one line: of a library's longer message the last line says it. */
    static String oneLine(Throwable cause) {
        String message = String.valueOf(cause.getMessage()).strip();
        String lastLine = message.substring(message.lastIndexOf('\n') + 1).strip();
        return cause.getMessage() == null ? cause.toString() : lastLine;
    }
}
