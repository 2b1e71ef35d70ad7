package dev.nocturne.ingest;

import dev.nocturne.schemas.PlainText;
import dev.nocturne.schemas.PrintableText;

/** Text of a caller, or of anybody, as a message shows it. */
public final class Excerpt {

    private static final int MAX_CHARS = 100;

    private Excerpt() {}

    /** On one line, printable, and cut behind {@value #MAX_CHARS} characters. */
    public static String of(String text) {
        String line = PrintableText.of(PlainText.onOneLine(text));
        return line.length() <= MAX_CHARS ? line : line.substring(0, MAX_CHARS) + "…";
    }
}
