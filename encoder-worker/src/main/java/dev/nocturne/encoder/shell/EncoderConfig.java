package dev.nocturne.encoder.shell;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Map;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface EncoderConfig {

    Kafka kafka();

    /** Directory of the model bundle. */
    @WithDefault("model-zoo/default")
    Path model();

    interface Kafka {
        /** {@code host:port}, comma-separated. */
        String bootstrapServers();

        /** Kafka's own client settings; they win over what the service sets. */
        Map<String, String> overrides();
    }
}
