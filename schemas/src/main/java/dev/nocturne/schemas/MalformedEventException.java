package dev.nocturne.schemas;

/** Bytes that are not an event of the expected record; the message names the reason. */
public final class MalformedEventException extends RuntimeException {

    MalformedEventException(String message) {
        super(message);
    }

    MalformedEventException(String message, Throwable cause) {
        super(message, cause);
    }
}
