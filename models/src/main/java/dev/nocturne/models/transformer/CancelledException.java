package dev.nocturne.models.transformer;

/** Drawing stopped because its caller said so; nothing was drawn. */
public final class CancelledException extends RuntimeException {

    public CancelledException() {
        super("drawing was cancelled");
    }
}
