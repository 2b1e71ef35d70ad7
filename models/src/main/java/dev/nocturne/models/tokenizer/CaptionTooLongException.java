package dev.nocturne.models.tokenizer;

/** A caption of more tokens than the model reads. */
public final class CaptionTooLongException extends RuntimeException {

    CaptionTooLongException(int tokens, int contextLength) {
        super("the caption has %d tokens and %d fit: shorten it".formatted(tokens, contextLength));
    }
}
