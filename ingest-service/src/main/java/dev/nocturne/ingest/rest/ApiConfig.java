package dev.nocturne.ingest.rest;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;

/** Who may use the API, and by which name; each is also an environment variable. */
@ConfigMapping(prefix = "nocturne.api")
public interface ApiConfig {

    String KEY_VARIABLE = "NOCTURNE_API_KEY";
    String HOSTS_VARIABLE = "NOCTURNE_API_HOSTS";
    String PUBLIC_URL_VARIABLE = "NOCTURNE_API_PUBLIC_URL";

    /** Keys, comma-separated, each of which opens the API; none is needed if left out. */
    Optional<String> key();

    /** Names of this service beside localhost's and the public one; a port in them is ignored. */
    Optional<List<String>> hosts();

    /** Where callers find this API; the address they used if left out. */
    Optional<String> publicUrl();

    /** Whether {@code /q/metrics} needs a key, too, if there are keys. */
    @WithDefault("false")
    boolean metricsNeedKey();
}
