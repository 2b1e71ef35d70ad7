package dev.nocturne.ingest.caption;

import java.util.Base64;
import java.util.regex.Pattern;

/**
 * A file in JSON, as programs write it: base64 of either alphabet (RFC 4648, 4 and 5), wrapped into
 * lines (RFC 2045) or not, padded or not, or a data URL (RFC 2397) as browsers make it.
 */
final class Base64File {

    /** What stands before the data; media type and parameters are not looked at. */
    private static final Pattern DATA_URL =
            Pattern.compile("data:[^,]*; *base64 *,", Pattern.CASE_INSENSITIVE);

    private static final Pattern WHITE_SPACE = Pattern.compile("[ \\t\\r\\n]+");

    private Base64File() {}

    /**
     * @throws IllegalArgumentException if it is none of that
     */
    static byte[] decode(String text) {
        String data = text.strip();
        var url = DATA_URL.matcher(data);
        if (url.lookingAt()) {
            data = unescaped(data.substring(url.end()));
        }
        String plain = WHITE_SPACE.matcher(data).replaceAll("").replace('-', '+').replace('_', '/');
        return Base64.getDecoder().decode(plain);
    }

    /** An address may hold the characters of base64 that are not letters or digits escaped. */
    private static String unescaped(String data) {
        return data.replaceAll("%2[Bb]", "+").replaceAll("%2[Ff]", "/").replaceAll("%3[Dd]", "=");
    }
}
