package dev.nocturne.models.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Tells mojibake from text that only looks odd: neighbours that nobody writes, such as a small
 * accented letter before a capital one. It decides as the test of ftfy 6.3.1 was observed to, by
 * classes of characters and sequences of classes.
 */
final class Mojibake {

    /** The class that the text begins after. */
    private static final int BEGINNING = 0;

    /** The class of each character of the basic plane. */
    private static final byte[] CLASSES = new byte[0x10000];

    /** The bad sequences by their first class; each is a set of classes for each position. */
    private static final boolean[][][][] SEQUENCES;

    private static final int WORD;
    private static final int SPACE;
    private static final int OTHER;

    static {
        int word = 0;
        int space = 0;
        int other = 0;
        List<String[]> classes = new ArrayList<>();
        List<String[]> sequences = new ArrayList<>();
        for (String[] row : RepairTable.rows("mojibake.txt")) {
            (row[0].equals("=") ? classes : sequences).add(row);
        }
        for (String[] row : classes) {
            int number = Integer.parseInt(row[1]);
            List<String> kinds = Arrays.asList(row);
            word = kinds.contains("word") ? number : word;
            space = kinds.contains("space") ? number : space;
            other = kinds.contains("other") ? number : other;
        }
        WORD = word;
        SPACE = space;
        OTHER = other;
        for (int character = 0; character < CLASSES.length; character++) {
            CLASSES[character] = (byte) kind(character);
        }
        for (String[] row : classes) {
            for (int field = 2; field < row.length; field++) {
                if (!List.of("word", "space", "other").contains(row[field])) {
                    for (char character : RepairTable.characters(row[field]).toCharArray()) {
                        CLASSES[character] = Byte.parseByte(row[1]);
                    }
                }
            }
        }
        SEQUENCES = byFirstClass(sequences, classes.size());
    }

    private Mojibake() {}

    /** Whether some of the text is likely to be mojibake. */
    static boolean in(String text) {
        int[] classes = new int[text.length() + 1];
        classes[0] = BEGINNING;
        int length = 1;
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            if (Character.isHighSurrogate(character)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                classes[length++] = kind(text.codePointAt(i++));
            } else {
                classes[length++] = CLASSES[character];
            }
        }
        for (int start = 0; start < length; start++) {
            for (boolean[][] sequence : SEQUENCES[classes[start]]) {
                if (matches(sequence, classes, start, length)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean matches(boolean[][] sequence, int[] classes, int start, int length) {
        if (start + sequence.length > length) {
            return false;
        }
        for (int i = 1; i < sequence.length; i++) {
            if (!sequence[i][classes[start + i]]) {
                return false;
            }
        }
        return true;
    }

    /** The class of a character that the table does not name. */
    private static int kind(int character) {
        if (Character.isWhitespace(character) || Character.isSpaceChar(character)) {
            return SPACE;
        }
        int type = Character.getType(character);
        boolean number =
                type == Character.DECIMAL_DIGIT_NUMBER
                        || type == Character.LETTER_NUMBER
                        || type == Character.OTHER_NUMBER;
        return number || character == '_' || Character.isLetter(character) ? WORD : OTHER;
    }

    private static boolean[][][][] byFirstClass(List<String[]> rows, int classes) {
        List<List<boolean[][]>> sequences = new ArrayList<>();
        for (int first = 0; first < classes; first++) {
            sequences.add(new ArrayList<>());
        }
        for (String[] row : rows) {
            boolean[][] sequence = new boolean[row.length - 1][classes];
            for (int position = 0; position < sequence.length; position++) {
                for (String member : row[position + 1].split(",")) {
                    sequence[position][Integer.parseInt(member)] = true;
                }
            }
            for (int first = 0; first < classes; first++) {
                if (sequence[0][first]) {
                    sequences.get(first).add(sequence);
                }
            }
        }
        return sequences.stream()
                .map(list -> list.toArray(boolean[][][]::new))
                .toArray(boolean[][][][]::new);
    }
}
