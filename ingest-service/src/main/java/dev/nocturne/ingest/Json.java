package dev.nocturne.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.runtime.LineJson;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How callers' JSON is read. */
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
        return JsonMapper.builder(LineJson.factory())
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION);
    }

    /** What is wrong, in the words of JSON. */
    public static String fault(JsonProcessingException e) {
        String message = e.getOriginalMessage();
        Matcher notANumber = NOT_A_NUMBER.matcher(message);
        return Excerpt.of(
                notANumber.matches()
                        ? notANumber.group(1) + " is no JSON number"
                        : SETTINGS.matcher(message).replaceAll(""));
    }
}
