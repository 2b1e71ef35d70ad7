package dev.nocturne.ingest;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How callers' JSON is read, and how lines of JSON are written. */
public final class Json {

    private static final Pattern NOT_A_NUMBER = Pattern.compile("Non-standard token '([^']*)'.*");

    /** The parser names settings of its own, for programmers. */
    private static final Pattern SETTINGS =
            Pattern.compile(
                    ": enable `[^`]*` to allow"
                            + "|, from `[^`]*`"
                            + "| \\(not recognized as one since Feature '[^']*' not enabled for parser\\)");

    private Json() {}

    /** One value and no more, each of its names once. */
    public static JsonMapper.Builder strict() {
        return JsonMapper.builder(lineFactory())
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION);
    }

    /** Of factories whose strings hold nothing that any reader takes for the end of a line. */
    static JsonFactory lineFactory() {
        return new JsonFactoryBuilder().characterEscapes(new LineEnds()).build();
    }

    /** What is wrong, in the words of JSON. */
    public static String fault(JsonProcessingException e) {
        String message = e.getOriginalMessage();
        Matcher notANumber = NOT_A_NUMBER.matcher(message);
        return JobParser.excerpt(
                notANumber.matches()
                        ? notANumber.group(1) + " is no JSON number"
                        : SETTINGS.matcher(message).replaceAll(""));
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
