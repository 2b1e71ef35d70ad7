package dev.nocturne.runtime.registry;

import dev.nocturne.runtime.FatalException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;

/**
 * Which schema registry, if any.
 *
 * @param url of its API; empty: there is none, and nothing of it is loaded
 * @param results whether results are written in its framing, too
 */
public record RegistrySettings(Optional<URI> url, boolean results) {

    public static final RegistrySettings NONE = new RegistrySettings(Optional.empty(), false);

    public static final String URL_VARIABLE = "NOCTURNE_SCHEMA_REGISTRY_URL";
    public static final String RESULTS_VARIABLE = "NOCTURNE_SCHEMA_REGISTRY_RESULTS";

    /** As the variables of this process say. */
    public static RegistrySettings ofEnvironment() {
        return parse(System.getenv(URL_VARIABLE), System.getenv(RESULTS_VARIABLE));
    }

    /**
     * @param url null or blank for none; a user and password in it are the registry's
     * @param results null or blank for false
     * @throws FatalException if one is none, or results are wanted without a registry
     */
    public static RegistrySettings parse(String url, String results) {
        Optional<URI> address = isBlank(url) ? Optional.empty() : Optional.of(address(url.strip()));
        boolean wanted = !isBlank(results) && flag(results.strip());
        if (wanted && address.isEmpty()) {
            throw new FatalException(
                    "%s is set without %s: set both, or neither"
                            .formatted(RESULTS_VARIABLE, URL_VARIABLE));
        }
        return new RegistrySettings(address, wanted);
    }

    private static boolean isBlank(String text) {
        return text == null || text.isBlank();
    }

    private static boolean flag(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default ->
                    throw new FatalException(
                            "%s is '%s': must be true or false".formatted(RESULTS_VARIABLE, text));
        };
    }

    private static URI address(String text) {
        try {
            URI url = new URI(text);
            boolean isHttp = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
            if (isHttp && url.getHost() != null && url.getQuery() == null) {
                return url;
            }
        } catch (URISyntaxException e) {
            // told like any other misfit, without what may be a password
        }
        throw new FatalException(
                "%s is no address of a registry: must be like http://registry:8080/apis/registry/v3 or http://registry:8081"
                        .formatted(URL_VARIABLE));
    }

    /** Fit for a log: of an address, which may hold a password, what is public. */
    @Override
    public String toString() {
        return url.map(address -> withoutUser(address) + (results ? ", also for results" : ""))
                .orElse("none");
    }

    static String withoutUser(URI url) {
        return "%s://%s%s%s"
                .formatted(
                        url.getScheme(),
                        url.getHost(),
                        url.getPort() < 0 ? "" : ":" + url.getPort(),
                        url.getPath());
    }
}
