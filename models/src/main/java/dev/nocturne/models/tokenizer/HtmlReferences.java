package dev.nocturne.models.tokenizer;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Character references of HTML, with all of its named characters. */
final class HtmlReferences {

    private static final Pattern CLOSED = Pattern.compile("&(#?[0-9A-Za-z]{1,24});");

    private static final Pattern ANY =
            Pattern.compile("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)");

    private static final Map<String, String> NAMES = new HashMap<>();

    /** Names that need no semicolon. */
    private static final Set<String> LOOSE = new HashSet<>();

    private static final int LONGEST_LOOSE = 6;

    static {
        for (String[] row : RepairTable.rows("html-names.txt")) {
            boolean loose = row[0].startsWith("&");
            String name = row[0].substring(loose ? 1 : 0);
            StringBuilder characters = new StringBuilder();
            for (int i = 1; i < row.length; i++) {
                characters.appendCodePoint(Integer.parseInt(row[i], 16));
            }
            NAMES.put(name, characters.toString());
            if (loose) {
                LOOSE.add(name);
            }
        }
    }

    private HtmlReferences() {}

    /** As browsers and Python's {@code html.unescape} read them, some without a semicolon. */
    static String unescape(String text) {
        return text.indexOf('&') < 0 ? text : replace(ANY, text, HtmlReferences::read);
    }

    /**
     * As ftfy's {@code unescape_html} reads them: only those that end in a semicolon, and names
     * also where all of their letters were made capitals.
     */
    static String unescapeClosed(String text) {
        return text.indexOf('&') < 0 ? text : replace(CLOSED, text, HtmlReferences::readClosed);
    }

    private static String read(MatchResult match) {
        String reference = match.group(1);
        boolean closed = reference.endsWith(";");
        String name = reference.substring(0, reference.length() - (closed ? 1 : 0));
        if (name.startsWith("#")) {
            return character(name);
        }
        if (closed && NAMES.containsKey(name)) {
            return NAMES.get(name);
        }
        for (int end = Math.min(name.length(), LONGEST_LOOSE); end > 1; end--) {
            String beginning = name.substring(0, end);
            if (LOOSE.contains(beginning)) {
                return NAMES.get(beginning) + reference.substring(end);
            }
        }
        return match.group();
    }

    private static String readClosed(MatchResult match) {
        String name = match.group(1);
        String named = NAMES.get(name);
        if (named != null) {
            return named;
        }
        if (name.startsWith("#")) {
            // what does not all belong to a number stays
            String read = unescape(match.group());
            return read.indexOf(';') < 0 ? read : match.group();
        }
        String small = NAMES.get(name.toLowerCase(Locale.ROOT));
        // but "&GTDOT;" begins with a name of capitals
        boolean capitals =
                name.equals(name.toUpperCase(Locale.ROOT))
                        && unescape(match.group()).equals(match.group());
        return small != null && capitals ? small.toUpperCase(Locale.ROOT) : match.group();
    }

    /** The character of a number, {@code #233} or {@code #xe9}. */
    private static String character(String number) {
        boolean hexadecimal = Character.toLowerCase(number.charAt(1)) == 'x';
        String digits = number.substring(hexadecimal ? 2 : 1).replaceFirst("^0+(?=.)", "");
        // more digits than the last character has
        if (digits.length() > 7) {
            return "\ufffd";
        }
        int character = Integer.parseInt(digits, hexadecimal ? 16 : 10);
        if (character == 0
                || character >= 0xd800 && character <= 0xdfff
                || character > Character.MAX_CODE_POINT) {
            return "\ufffd";
        }
        if (character >= 0x80 && character <= 0x9f) {
            return SingleByteEncoding.withoutC1(Character.toString(character));
        }
        boolean none =
                Character.isISOControl(character) && !Character.isWhitespace(character)
                        || character == 0x0b
                        || character >= 0x1c && character <= 0x1f
                        || character >= 0xfdd0 && character <= 0xfdef
                        || (character & 0xfffe) == 0xfffe;
        return none ? "" : Character.toString(character);
    }

    private static String replace(
            Pattern pattern, String text, Function<MatchResult, String> read) {
        return pattern.matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(read.apply(match)));
    }
}
