package dev.nocturne.runtime;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.io.SerializedString;

/** How lines of JSON are written. */
public final class LineJson {

    private LineJson() {}

    /** Of factories whose strings hold nothing that any reader takes for the end of a line. */
    public static JsonFactory factory() {
        return new JsonFactoryBuilder().characterEscapes(new LineEnds()).build();
    }

    /** U+0085, U+2028 and U+2029 end lines for Python's splitlines and others. */
    private static final class LineEnds extends CharacterEscapes {

        private final int[] ascii = standardAsciiEscapesForJSON();

        @Override
        public int[] getEscapeCodesForAscii() {
            return ascii;
        }

        @Override
        public SerializableString getEscapeSequence(int character) {
            return switch (character) {
                case 0x85, 0x2028, 0x2029 -> new SerializedString("\\u%04x".formatted(character));
                default -> null;
            };
        }
    }
}
