package dev.nocturne.standalone.terminal;

import dev.nocturne.schemas.PrintableText;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the output goes to, as the {@code nocturne} script found it. */
public final class Terminal {
    public static final boolean IS_ONE = Boolean.getBoolean("nocturne.terminal");

    /** See no-color.org. */
    public static final boolean HAS_COLOURS =
            IS_ONE
                    && System.getenv().getOrDefault("NO_COLOR", "").isEmpty()
                    && !"dumb".equals(System.getenv("TERM"));

    /** What {@link Colour#of} puts around a text, and {@link TerminalPicture} before a pixel. */
    private static final Pattern COLOUR =
            Pattern.compile("\u001b\\[(3[123]|[34]8(;\\d{1,3}){4}|0)m");

    private Terminal() {}

    /** As {@link PrintableText#of}, but our colours stay. */
    static String printable(String line) {
        Matcher colour = COLOUR.matcher(line);
        StringBuilder printable = new StringBuilder();
        int from = 0;
        while (colour.find()) {
            printable.append(PrintableText.of(line.substring(from, colour.start())));
            printable.append(colour.group());
            from = colour.end();
        }
        return printable.append(PrintableText.of(line.substring(from))).toString();
    }

    /** Colours by their ANSI numbers. */
    public enum Colour {
        RED(31),
        GREEN(32),
        YELLOW(33);

        private final int code;

        Colour(int code) {
            this.code = code;
        }

        /**
         * @param enabled false: leaves the text as it is
         */
        public String of(String text, boolean enabled) {
            return enabled ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
        }
    }
}
