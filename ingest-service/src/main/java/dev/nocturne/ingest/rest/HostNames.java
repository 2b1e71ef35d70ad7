package dev.nocturne.ingest.rest;

import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The names under which the API answers: those of this machine itself, and what else is named. A
 * site that lets its own name lead to this machine (DNS rebinding) has none of them.
 */
final class HostNames {

    private static final Pattern LOOPBACK = Pattern.compile("127(\\.\\d{1,3}){3}|\\[::1]|::1");
    private static final Pattern PORT = Pattern.compile(":\\d*$");

    private final Set<String> named;

    /**
     * @param named beside localhost's; a port in them is ignored
     */
    HostNames(Collection<String> named) {
        this.named = named.stream().map(HostNames::name).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * @param authority as a request names its host, with or without a port
     */
    boolean allow(String authority) {
        String name = name(authority);
        return name.equals("localhost")
                || name.endsWith(".localhost")
                || LOOPBACK.matcher(name).matches()
                || named.contains(name);
    }

    private static String name(String authority) {
        String name = PORT.matcher(authority.strip()).replaceFirst("");
        return (name.endsWith(".") ? name.substring(0, name.length() - 1) : name)
                .toLowerCase(Locale.ROOT);
    }
}
