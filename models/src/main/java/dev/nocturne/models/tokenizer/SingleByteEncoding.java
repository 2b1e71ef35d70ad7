package dev.nocturne.models.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An encoding that text in UTF-8 is wrongly read with, ASCII in its lower half. Those of Windows
 * are sloppy, as browsers are: a byte without a character is the control character of its number,
 * and U+FFFD stands for the byte 0x1a, so that what was lost has a place.
 */
final class SingleByteEncoding {

    private static final char LOST = '\ufffd';

    /** The byte of {@link #LOST}. */
    static final byte SUBSTITUTE = 0x1a;

    private static final int HIGH = 0x80;

    /** All, in the order in which they are tried; Latin-1 is the first. */
    static final List<SingleByteEncoding> ALL =
            RepairTable.rows("encodings.txt").stream()
                    .map(row -> new SingleByteEncoding(row[0], RepairTable.characters(row[1])))
                    .toList();

    private static final SingleByteEncoding WINDOWS_1252 = ALL.get(1);

    private final boolean sloppy;
    private final boolean latin;

    /** The characters of the bytes from 0x80. */
    private final String high;

    private final Map<Character, Byte> bytes = new HashMap<>();

    private SingleByteEncoding(String name, String high) {
        this.sloppy = name.startsWith("sloppy-");
        this.latin = sloppy || name.equals("latin-1");
        this.high = high;
        for (int i = 0; i < high.length(); i++) {
            bytes.put(high.charAt(i), (byte) (HIGH + i));
        }
        if (sloppy) {
            bytes.put(LOST, SUBSTITUTE);
        }
    }

    boolean sloppy() {
        return sloppy;
    }

    /** Whether letters lie where Latin-1 has them. */
    boolean latin() {
        return latin;
    }

    /** The character of a byte, 0x80 to 0xff. */
    char character(int value) {
        return high.charAt(value - HIGH);
    }

    /** The text's bytes; null if a character has none. */
    byte[] encode(String text) {
        byte[] encoded = new byte[text.length()];
        for (int i = 0; i < encoded.length; i++) {
            char character = text.charAt(i);
            if (character < HIGH && !(sloppy && character == SUBSTITUTE)) {
                encoded[i] = (byte) character;
            } else {
                Byte value = bytes.get(character);
                if (value == null) {
                    return null;
                }
                encoded[i] = value;
            }
        }
        return encoded;
    }

    /** Control characters of Latin-1 as Windows-1252 has them, where it has them. */
    static String withoutC1(String text) {
        char[] characters = text.toCharArray();
        for (int i = 0; i < characters.length; i++) {
            if (characters[i] >= HIGH && characters[i] < 0xa0) {
                characters[i] = WINDOWS_1252.character(characters[i]);
            }
        }
        return Arrays.equals(characters, text.toCharArray()) ? text : new String(characters);
    }
}
