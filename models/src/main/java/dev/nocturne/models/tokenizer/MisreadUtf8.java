package dev.nocturne.models.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.IntPredicate;

/**
 * Undoes that UTF-8 was read as another encoding, where {@link Mojibake} says that it was: the
 * whole text, or else what of it looks like UTF-8. It decides as {@code fix_encoding} of ftfy 6.3.1
 * does.
 */
final class MisreadUtf8 {

    private static final byte[] LOST = "\ufffd".getBytes(StandardCharsets.UTF_8);

    /** French "à" is alone before most words; these Portuguese words begin with it. */
    private static final String[] BEGUN_WITH_A_GRAVE = {"s ", "quele", "quela", "quilo"};

    /** What may stand beside misread UTF-8 as itself, though it is misread from a byte within. */
    private static final String PUNCTUATION =
            "\u2013\u2014\u2015\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026";

    /** Bit n: misread from the first byte of n bytes of UTF-8; bit 0: from one of the others. */
    private static final byte[] ROLES = new byte[0x10000];

    static {
        for (SingleByteEncoding encoding : SingleByteEncoding.ALL) {
            for (int value = 0x80; encoding.latin() && value < 0xf4; value++) {
                // no other byte than 0xf0 and 0xf3 begins four of characters that are assigned
                int role =
                        within(value, 0x80, 0xbf)
                                ? 0
                                : within(value, 0xc2, 0xdf)
                                        ? 2
                                        : within(value, 0xe0, 0xef)
                                                ? 3
                                                : value == 0xf0 || value == 0xf3 ? 4 : -1;
                if (role >= 0) {
                    ROLES[encoding.character(value)] |= 1 << role;
                }
            }
        }
    }

    private MisreadUtf8() {}

    /** The text that was meant; this one, if nothing is wrong with it or nothing helps. */
    static String repair(String text) {
        String before;
        String repaired = text;
        do {
            before = repaired;
            repaired = repairOnce(before);
        } while (!repaired.equals(before));
        return repaired;
    }

    private static String repairOnce(String text) {
        if (text.chars().allMatch(character -> character < 0x80) || !Mojibake.in(text)) {
            return text;
        }
        for (SingleByteEncoding encoding : SingleByteEncoding.ALL) {
            byte[] bytes = encoding.encode(text);
            if (bytes != null) {
                bytes = withNoBreakSpaces(bytes);
                String decoded = decode(encoding.sloppy() ? withLost(bytes) : bytes);
                if (decoded != null) {
                    return decoded;
                }
            }
        }
        String repaired = repairParts(text);
        return repaired.equals(text) ? SingleByteEncoding.withoutC1(text) : repaired;
    }

    /** UTF-8, also of surrogates and of NUL as Java writes them; null if it is none. */
    private static String decode(byte[] bytes) {
        ByteArrayOutputStream plain = new ByteArrayOutputStream(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            if (at(bytes, i) == 0xc0 && at(bytes, i + 1) == 0x80) {
                plain.write(0);
                i++;
            } else if (surrogates(bytes, i, MisreadUtf8::continues)) {
                int high = at(bytes, i + 1) << 6 & 0x3c0 | at(bytes, i + 2) & 0x3f;
                int low = at(bytes, i + 4) << 6 & 0x3c0 | at(bytes, i + 5) & 0x3f;
                String character = Character.toString(0x10000 + (high << 10) + low);
                plain.writeBytes(character.getBytes(StandardCharsets.UTF_8));
                i += 5;
            } else {
                plain.write(bytes[i]);
            }
        }
        CharBuffer decoded = CharBuffer.allocate(plain.size());
        ByteBuffer utf8 = ByteBuffer.wrap(plain.toByteArray());
        boolean wrong = StandardCharsets.UTF_8.newDecoder().decode(utf8, decoded, true).isError();
        return wrong ? null : decoded.flip().toString();
    }

    /** A pair of surrogates in three bytes each, whose last bytes may be others. */
    private static boolean surrogates(byte[] bytes, int start, IntPredicate last) {
        return at(bytes, start) == 0xed
                && within(at(bytes, start + 1), 0xa0, 0xaf)
                && last.test(at(bytes, start + 2))
                && at(bytes, start + 3) == 0xed
                && within(at(bytes, start + 4), 0xb0, 0xbf)
                && last.test(at(bytes, start + 5));
    }

    /** The bytes with 0xa0 in the place of blanks where UTF-8 would have it. */
    private static byte[] withNoBreakSpaces(byte[] bytes) {
        ByteArrayOutputStream restored = new ByteArrayOutputStream(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            int length = length(bytes[i]);
            if (at(bytes, i) == 0xc3 && at(bytes, i + 1) == ' ') {
                restored.write(bytes[i++]);
                restored.write(0xa0);
                if (!beginsWithAGrave(bytes, i + 1)) {
                    restored.write(' ');
                }
            } else if (hasBlankWithin(bytes, i, length)) {
                for (int end = i + length - 1; i <= end; i++) {
                    restored.write(bytes[i] == ' ' ? 0xa0 : bytes[i]);
                }
                i--;
            } else {
                restored.write(bytes[i]);
            }
        }
        return restored.toByteArray();
    }

    private static boolean beginsWithAGrave(byte[] bytes, int start) {
        String rest =
                new String(
                        bytes,
                        start,
                        Math.min(5, bytes.length - start),
                        StandardCharsets.ISO_8859_1);
        for (String word : BEGUN_WITH_A_GRAVE) {
            if (rest.startsWith(word)) {
                return true;
            }
        }
        return rest.startsWith(" ");
    }

    /** Whether one byte of a character is a blank, and the character one that is often met. */
    private static boolean hasBlankWithin(byte[] bytes, int start, int length) {
        int first = at(bytes, start);
        if (length == 2) {
            return at(bytes, start + 1) == ' '
                    && "\u00c2\u00c5\u00ce\u00d0\u00d9".indexOf(first) >= 0;
        }
        if (length == 0 || first > 0xf0 || length == 3 && first > 0xe3) {
            return false;
        }
        int blanks = 0;
        for (int i = start + 1; i < start + length; i++) {
            int value = at(bytes, i);
            if (value == ' ') {
                blanks++;
            } else if (!continues(value) || value == 0x85 || value == 0xa0) {
                return false;
            }
        }
        return blanks == 1 && !(first < 0xe2 && at(bytes, start + 1) == ' ');
    }

    /** The bytes with U+FFFD in the place of characters that lost a byte to 0x1a or "?". */
    private static byte[] withLost(byte[] bytes) {
        ByteArrayOutputStream replaced = new ByteArrayOutputStream(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            int length = lossyLength(bytes, i);
            if (length > 0) {
                replaced.writeBytes(LOST);
                i += length - 1;
            } else {
                replaced.write(bytes[i]);
            }
        }
        return replaced.toByteArray();
    }

    /** The number of bytes of a character that lost some; 0 if it did not. */
    private static int lossyLength(byte[] bytes, int start) {
        if (surrogates(bytes, start, value -> continues(value) || lost(value))
                && (lost(at(bytes, start + 2)) || lost(at(bytes, start + 5)))) {
            return 6;
        }
        int length = length(bytes[start]);
        int lost = 0;
        int doubtful = 0;
        for (int i = start + 1; i < start + length; i++) {
            int value = at(bytes, i);
            lost += lost(value) ? 1 : 0;
            doubtful += value == '?' ? 1 : 0;
            if (!lost(value) && !continues(value)) {
                length = 0;
            }
        }
        // a question mark is mostly itself, least so behind the commonest letters
        int bearable = length == 2 && at(bytes, start) > 0xc3 ? 0 : 1;
        if (length > 0 && lost > 0 && doubtful <= bearable) {
            return length;
        }
        return bytes[start] == SingleByteEncoding.SUBSTITUTE ? 1 : 0;
    }

    /** Repairs what looks like UTF-8 within a text that is not all misread. */
    private static String repairParts(String text) {
        StringBuilder repaired = new StringBuilder();
        int start = 0;
        while (start < text.length()) {
            boolean within =
                    start > 0
                            && role(text, start - 1, 0)
                            && PUNCTUATION.indexOf(text.charAt(start - 1)) < 0;
            int end = within ? start : endOfUtf8(text, start);
            String part = text.substring(start, Math.max(end, start + 1));
            boolean shorter = end > start && part.length() < text.length();
            repaired.append(shorter && Mojibake.in(part) ? repair(part) : part);
            start += part.length();
        }
        return repaired.toString();
    }

    /** The end of characters that are misread from UTF-8, or the start if there are none. */
    private static int endOfUtf8(String text, int start) {
        int end = start;
        while (true) {
            int next = end;
            for (int length = 2; length <= 4; length++) {
                if (role(text, end, length) && allContinue(text, end + 1, end + length)) {
                    next = end + length;
                }
            }
            if (next == end) {
                return end;
            }
            end = next;
        }
    }

    private static boolean allContinue(String text, int start, int end) {
        for (int i = start; i < end; i++) {
            if (!role(text, i, 0) && !(i < text.length() && text.charAt(i) == ' ')) {
                return false;
            }
        }
        return true;
    }

    private static boolean role(String text, int index, int role) {
        return index < text.length() && (ROLES[text.charAt(index)] & 1 << role) != 0;
    }

    /** The number of bytes that a character has by its first one; 0 if it can't be a first one. */
    private static int length(byte first) {
        int value = Byte.toUnsignedInt(first);
        if (value < 0xc2 || value > 0xf4) {
            return 0;
        }
        return value < 0xe0 ? 2 : value < 0xf0 ? 3 : 4;
    }

    private static boolean lost(int value) {
        return value == SingleByteEncoding.SUBSTITUTE || value == '?';
    }

    private static boolean continues(int value) {
        return within(value, 0x80, 0xbf);
    }

    private static boolean within(int value, int first, int last) {
        return value >= first && value <= last;
    }

    /** A byte as a number; -1 behind the last one. */
    private static int at(byte[] bytes, int index) {
        return index < bytes.length ? Byte.toUnsignedInt(bytes[index]) : -1;
    }
}
