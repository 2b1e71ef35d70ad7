package dev.nocturne.ingest.rest;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whether a browser sends a request for a page of this very service. */
final class Origins {

    private static final Pattern ORIGIN = Pattern.compile("(https?)://([^/@]+)");
    private static final Pattern WITH_PORT = Pattern.compile(".*:\\d+");

    private Origins() {}

    /**
     * @param origin as a browser names it, like {@code http://localhost:8080} or {@code null}
     * @param authority the host of the request, with its port unless that is the scheme's
     */
    static boolean isOf(String origin, String authority) {
        Matcher parts = ORIGIN.matcher(origin.toLowerCase(Locale.ROOT));
        return parts.matches()
                && withPort(parts.group(2), parts.group(1))
                        .equals(withPort(authority.toLowerCase(Locale.ROOT), parts.group(1)));
    }

    private static String withPort(String authority, String scheme) {
        if (WITH_PORT.matcher(authority).matches()) {
            return authority;
        }
        return authority + (scheme.equals("https") ? ":443" : ":80");
    }
}
