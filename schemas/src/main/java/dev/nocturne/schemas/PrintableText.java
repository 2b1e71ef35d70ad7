package dev.nocturne.schemas;

/**
 * Foreign text for a terminal or a log: whatever would not be seen there, but would act, is written
 * as {@code \}{@code uXXXX}. These are controls (escape sequences begin with one), line and
 * paragraph separators, halves of surrogate pairs, and invisible format characters, such as those
 * that turn the direction of text. In a JSON string that is the same string still.
 */
public final class PrintableText {

    private static final int ZERO_WIDTH_NON_JOINER = 0x200C;
    private static final int ZERO_WIDTH_JOINER = 0x200D;

    private PrintableText() {}

    /** On one line: line feeds and tabs are written so, too. Null stays null. */
    public static String of(String text) {
        return text == null || isPrintable(text) ? text : escaped(text, false);
    }

    /** As {@link #of}, but lines stay lines, and tabs stay. */
    public static String lines(String text) {
        return text == null || isPrintable(text) ? text : escaped(text, true);
    }

    private static boolean isPrintable(String text) {
        return text.codePoints().noneMatch(PrintableText::acts);
    }

    private static String escaped(String text, boolean keepsLines) {
        StringBuilder printable = new StringBuilder(text.length() + 16);
        int next;
        for (int at = 0; at < text.length(); at = next) {
            int codePoint = text.codePointAt(at);
            next = at + Character.charCount(codePoint);
            boolean isOfLines =
                    codePoint == '\n'
                            || codePoint == '\t'
                            || codePoint == '\r' && text.startsWith("\n", next);
            if (!acts(codePoint) || keepsLines && isOfLines) {
                printable.appendCodePoint(codePoint);
            } else {
                text.substring(at, next)
                        .chars()
                        .forEach(unit -> printable.append("\\u%04x".formatted(unit)));
            }
        }
        return printable.toString();
    }

    /** The two joiners shape letters and emoji, and no more. */
    private static boolean acts(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE ->
                    true;
            case Character.FORMAT ->
                    codePoint != ZERO_WIDTH_JOINER && codePoint != ZERO_WIDTH_NON_JOINER;
            default -> false;
        };
    }
}
