package dev.nocturne.models.format;

import java.io.IOException;

/**
 * A model file that cannot be used; the message is one line: the file, what is wrong, the remedy.
 */
public final class InvalidModelException extends IOException {

    public InvalidModelException(String message) {
        super(message);
    }
}
