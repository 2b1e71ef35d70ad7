package dev.nocturne.embedded;

/**
 * An embedded server could not start; the message is one line that names the value and the remedy.
 */
public final class EmbeddedServerException extends RuntimeException {
    EmbeddedServerException(String message) {
        super(message);
    }

    EmbeddedServerException(String message, Throwable cause) {
        super(message, cause);
    }
}
