package dev.nocturne.ingest.rest;

import dev.nocturne.runtime.FatalException;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;
import java.net.URISyntaxException;
import org.eclipse.microprofile.config.ConfigProvider;

/** The address of this API, as the caller knows it. */
final class ApiUrl {

    private ApiUrl() {}

    /** The public one if it is set. Ends with a slash. */
    static String of(UriInfo uri) {
        String base =
                ConfigProvider.getConfig()
                        .getOptionalValue("nocturne.api.public-url", String.class)
                        .orElseGet(() -> uri.getBaseUri().toString());
        return base.endsWith("/") ? base : base + "/";
    }

    /**
     * @throws FatalException if callers could not use it as an address
     */
    static URI parse(String publicUrl) {
        try {
            URI url = new URI(publicUrl.strip());
            boolean isHttp =
                    "http".equalsIgnoreCase(url.getScheme())
                            || "https".equalsIgnoreCase(url.getScheme());
            if (isHttp
                    && url.getHost() != null
                    && url.getRawUserInfo() == null
                    && url.getRawQuery() == null
                    && url.getRawFragment() == null) {
                return url;
            }
        } catch (URISyntaxException e) {
            // reported like any other misfit
        }
        throw new FatalException(
                "%s is no address of an API: must be one like https://nocturne.example.com"
                        .formatted(ApiConfig.PUBLIC_URL_VARIABLE));
    }
}
