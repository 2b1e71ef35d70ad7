package dev.nocturne.schemas;

import java.util.Optional;
import java.util.regex.Pattern;

/** The rule for every text that comes from outside and is kept, shown and written into files. */
public final class PlainText {

    /** Unicode's, so also of no width breaking, ideographic, and what ends lines elsewhere. */
    private static final Pattern WHITE_SPACE = Pattern.compile("\\p{IsWhite_Space}+");

    private PlainText() {}

    /**
     * What a text must not hold: a control character, half a surrogate pair, or what is no
     * character. Decoders put U+FFFD where the bytes were not UTF-8; no one means to send it.
     *
     * @return the first one's number and name, as {@code U+0000 (NULL)}
     */
    public static Optional<String> fault(String text) {
        return text.codePoints().filter(PlainText::isFault).mapToObj(PlainText::named).findFirst();
    }

    /** With one blank for white space of any kind and length, and none at the ends. */
    public static String onOneLine(String text) {
        String line = WHITE_SPACE.matcher(text).replaceAll(" ");
        int from = line.startsWith(" ") ? 1 : 0;
        int to = line.length() > from && line.endsWith(" ") ? line.length() - 1 : line.length();
        return line.substring(from, to); // strip() would take control characters, too
    }

    private static boolean isFault(int codePoint) {
        return Character.isISOControl(codePoint)
                || codePoint >= 0xFFFD && codePoint <= 0xFFFF // no character, and not XML
                || Character.getType(codePoint) == Character.SURROGATE;
    }

    private static String named(int codePoint) {
        String name = Character.getName(codePoint);
        return name == null
                ? "U+%04X".formatted(codePoint)
                : "U+%04X (%s)".formatted(codePoint, name);
    }
}
