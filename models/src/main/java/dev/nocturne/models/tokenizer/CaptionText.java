package dev.nocturne.models.tokenizer;

import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.regex.Pattern;

/**
 * Repairs captions as CLIP's tokenizer does, which learned from repaired ones: {@code fix_text} of
 * ftfy 6.3.1 with its defaults, then character references of HTML, twice. Never throws.
 */
final class CaptionText {

    private static final Pattern TERMINAL_ESCAPE = Pattern.compile("\u001b\\[[\\d;]*[a-zA-Z]");

    private CaptionText() {}

    /** The repaired caption, not yet lower-cased, without blanks around it. */
    static String repair(String caption) {
        if (caption.chars().allMatch(CaptionText::plain)) {
            return caption.strip();
        }
        StringBuilder repaired = new StringBuilder();
        boolean references = true;
        for (int start = 0, end; start < caption.length(); start = end) {
            end = caption.indexOf('\n', start) + 1;
            end = end == 0 ? caption.length() : end;
            String line = caption.substring(start, end);
            // a line with a tag may be HTML, whose references are meant
            references &= line.indexOf('<') < 0;
            repaired.append(repairLine(line, references));
        }
        return HtmlReferences.unescape(HtmlReferences.unescape(repaired.toString())).strip();
    }

    /** Characters that nothing is ever repaired of. */
    private static boolean plain(int character) {
        return character >= ' ' && character < 0x7f && character != '&';
    }

    private static String repairLine(String line, boolean references) {
        String before;
        String repaired = line;
        do {
            before = repaired;
            repaired = repairOnce(before, references);
        } while (!repaired.equals(before));
        return repaired;
    }

    private static String repairOnce(String line, boolean references) {
        String text = references ? HtmlReferences.unescapeClosed(line) : line;
        text = MisreadUtf8.repair(text);
        text = SingleByteEncoding.withoutC1(text);
        if (text.indexOf('\u001b') >= 0) {
            text = TERMINAL_ESCAPE.matcher(text).replaceAll("");
        }
        return Normalizer.normalize(withoutOddCharacters(text), Form.NFC);
    }

    private static String withoutOddCharacters(String text) {
        StringBuilder fixed = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            char next = i + 1 < text.length() ? text.charAt(i + 1) : 0;
            if (Character.isSurrogatePair(character, next)) {
                fixed.append(character).append(next);
                i++;
            } else if (Character.isSurrogate(character)) {
                fixed.append('\ufffd');
            } else if (character == '\r' && next == '\n') {
                // one line break
            } else if (character == '\r' || character == '\u2028' || character == '\u2029') {
                fixed.append('\n');
            } else if (character == '\u02bc' || character >= '\u2018' && character <= '\u201b') {
                fixed.append('\'');
            } else if (character >= '\u201c' && character <= '\u201f') {
                fixed.append('"');
            } else if (character == '\ufb05') {
                // the one ligature that ftfy takes apart less far than Unicode does
                fixed.append("\u017ft");
            } else if (isForm(character)) {
                fixed.append(Normalizer.normalize(String.valueOf(character), Form.NFKC));
            } else if (!isControl(character)) {
                fixed.append(character);
            }
        }
        return fixed.toString();
    }

    /** Ligatures of Latin letters, the wide blank, and forms of full and half width. */
    private static boolean isForm(char character) {
        return character == '\u0132'
                || character == '\u0133'
                || character == '\u0149'
                || character >= '\u01c4' && character <= '\u01cc'
                || character >= '\u01f1' && character <= '\u01f3'
                || character >= '\ufb00' && character <= '\ufb06'
                || character == '\u3000'
                || character >= '\uff01' && character <= '\uffef';
    }

    /** Characters that don't show and mean nothing; blanks and the form feed are none. */
    private static boolean isControl(char character) {
        return character < ' ' && "\t\n\f\r".indexOf(character) < 0
                || character == 0x7f
                || character >= '\u206a' && character <= '\u206f'
                || character == '\ufeff'
                || character >= '\ufff9' && character <= '\ufffc';
    }
}
