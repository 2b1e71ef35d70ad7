package dev.nocturne.runtime;

/**
 * The newer of the two formats of {@code /q/metrics}. Quarkus answers 406 to a scraper that takes
 * no other and does not name it with every parameter of Quarkus's own; without a header it answers
 * in this format.
 */
public final class OpenMetrics {

    private static final String TYPE = "application/openmetrics-text";

    private OpenMetrics() {}

    /**
     * @param accept a request's header {@code Accept}; null if it has none
     * @return whether this format will do, and the older one is not named
     */
    public static boolean isAlone(String accept) {
        return accept != null && accept.contains(TYPE) && !accept.contains("text/");
    }
}
