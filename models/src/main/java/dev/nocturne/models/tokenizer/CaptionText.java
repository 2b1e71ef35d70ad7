package dev.nocturne.models.tokenizer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Repairs captions as CLIP's tokenizer does, which trained on repaired ones: ftfy's {@code
 * fix_text} with its defaults, then character references of HTML, twice.
 *
 * <p>Not the whole of either: UTF-8 that was read as Windows-1252 is repaired where a whole line
 * was, and of HTML's names only Latin-1's and the commonest marks are known.
 */
final class CaptionText {

    private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");

    private static final Pattern REFERENCE =
            Pattern.compile(
                    "&(?:#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,9}))|([a-zA-Z][0-9a-zA-Z]*))(;?)");

    /** HTML's names of U+00A0 to U+00FF, in order. */
    private static final String LATIN_1 =
            "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg"
                    + " plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12"
                    + " frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave"
                    + " Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc"
                    + " Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave"
                    + " aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave"
                    + " iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash"
                    + " ugrave uacute ucirc uuml yacute thorn yuml";

    /** Names that count with or without a semicolon. */
    private static final Map<String, String> LOOSE_NAMES =
            new HashMap<>(
                    Map.of(
                            "amp", "&", "AMP", "&", "lt", "<", "LT", "<", "gt", ">", "GT", ">",
                            "quot", "\"", "QUOT", "\"", "COPY", "\u00a9", "REG", "\u00ae"));

    /** Names that need their semicolon. */
    private static final Map<String, String> NAMES =
            Map.ofEntries(
                    Map.entry("apos", "'"),
                    Map.entry("ndash", "\u2013"),
                    Map.entry("mdash", "\u2014"),
                    Map.entry("lsquo", "\u2018"),
                    Map.entry("rsquo", "\u2019"),
                    Map.entry("sbquo", "\u201a"),
                    Map.entry("ldquo", "\u201c"),
                    Map.entry("rdquo", "\u201d"),
                    Map.entry("bdquo", "\u201e"),
                    Map.entry("bull", "\u2022"),
                    Map.entry("hellip", "\u2026"),
                    Map.entry("euro", "\u20ac"),
                    Map.entry("trade", "\u2122"),
                    Map.entry("larr", "\u2190"),
                    Map.entry("rarr", "\u2192"),
                    Map.entry("hearts", "\u2665"));

    static {
        int character = 0xa0;
        for (String name : LATIN_1.split(" ")) {
            LOOSE_NAMES.put(name, Character.toString(character++));
        }
    }

    /** Ligatures of Latin letters, the wide blank, and forms of full and half width. */
    private static final Pattern COMPATIBILITY =
            Pattern.compile(
                    "[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06\u3000\uff01-\uffef]");

    private static final Pattern C1 = Pattern.compile("[\\x80-\\x9f]");

    private static final Pattern TERMINAL_ESCAPE = Pattern.compile("\u001b\\[[\\d;]*[a-zA-Z]");

    private static final Pattern CONTROL =
            Pattern.compile("[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]");

    private CaptionText() {}

    /** The repaired caption, not yet lower-cased, without blanks around it. */
    static String repair(String caption) {
        StringBuilder repaired = new StringBuilder();
        boolean references = true;
        for (String line : caption.split("(?<=\n)")) {
            // a line with a tag may be HTML, whose references are meant
            references &= line.indexOf('<') < 0;
            String before;
            do {
                before = line;
                line = repairOnce(line, references);
            } while (!line.equals(before));
            repaired.append(line);
        }
        return unescape(unescape(repaired.toString(), false), false).strip();
    }

    private static String repairOnce(String line, boolean references) {
        String text = references ? unescape(line, true) : line;
        text = rereadAsUtf8(text);
        text = replaceAll(C1, text, match -> windows1252(match.group()));
        // "ſt" is the one ligature that ftfy takes apart less far than Unicode does
        text =
                replaceAll(
                        COMPATIBILITY,
                        text.replace("\ufb05", "\u017ft"),
                        match -> Normalizer.normalize(match.group(), Form.NFKC));
        text = text.replaceAll("[\u201c-\u201f]", "\"").replaceAll("[\u02bc\u2018-\u201b]", "'");
        text = text.replaceAll("\r\n|[\r\u2028\u2029\u0085]", "\n");
        text = text.replaceAll("[\ud800-\udfff]", "\ufffd");
        text = TERMINAL_ESCAPE.matcher(text).replaceAll("");
        text = CONTROL.matcher(text).replaceAll("");
        return Normalizer.normalize(text, Form.NFC);
    }

    /** HTML's character references; those that end in a semicolon, or also those that need none. */
    private static String unescape(String text, boolean strict) {
        return replaceAll(
                REFERENCE,
                text,
                reference -> {
                    boolean closed = !reference.group(4).isEmpty();
                    String name = reference.group(3);
                    if (strict && !closed) {
                        return reference.group();
                    }
                    if (name == null) {
                        return reference.group(1) != null
                                ? character(Long.parseLong(reference.group(1), 16))
                                : character(Long.parseLong(reference.group(2)));
                    }
                    String named = NAMES.getOrDefault(name, LOOSE_NAMES.get(name));
                    if (closed && named != null) {
                        return named;
                    }
                    // the longest known name that it begins with
                    for (int end = name.length(); !strict && end > 1; end--) {
                        String known = LOOSE_NAMES.get(name.substring(0, end));
                        if (known != null) {
                            return known + name.substring(end) + reference.group(4);
                        }
                    }
                    return reference.group();
                });
    }

    /** The character of a number, as browsers read it. */
    private static String character(long number) {
        if (number == 0 || number >= 0xd800 && number <= 0xdfff || number > 0x10ffff) {
            return "\ufffd";
        }
        int character = (int) number;
        if (character >= 0x80 && character <= 0x9f) {
            return windows1252(Character.toString(character));
        }
        boolean none =
                Character.isISOControl(character) && !Character.isWhitespace(character)
                        || character == 0x0b
                        || character >= 0x1c && character <= 0x1f
                        || character >= 0xfdd0 && character <= 0xfdef
                        || (character & 0xfffe) == 0xfffe;
        return none ? "" : Character.toString(character);
    }

    /** A control character of Latin-1 as Windows-1252 has it, where it has one. */
    private static String windows1252(String control) {
        byte[] latin1 = control.getBytes(StandardCharsets.ISO_8859_1);
        String character = new String(latin1, WINDOWS_1252);
        return character.equals("\ufffd") ? control : character;
    }

    /** The text whose UTF-8, read as Windows-1252, is this one; this one, if there is none. */
    private static String rereadAsUtf8(String text) {
        ByteBuffer bytes = ByteBuffer.allocate(text.length());
        CharsetEncoder encoder = WINDOWS_1252.newEncoder();
        boolean ascii = true;
        for (char character : text.toCharArray()) {
            ascii &= character < 0x80;
            if (character <= 0xff) {
                bytes.put((byte) character);
            } else if (encoder.canEncode(character)) {
                bytes.put(String.valueOf(character).getBytes(WINDOWS_1252));
            } else {
                return text;
            }
        }
        if (ascii) {
            return text;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException e) {
            return text;
        }
    }

    private static String replaceAll(
            Pattern pattern, String text, Function<MatchResult, String> replacement) {
        return pattern.matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(replacement.apply(match)));
    }
}
