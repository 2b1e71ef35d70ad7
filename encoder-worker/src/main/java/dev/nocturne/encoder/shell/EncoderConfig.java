package dev.nocturne.encoder.shell;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface EncoderConfig {

    Kafka kafka();

    SchemaRegistry schemaRegistry();

    /** Directory of the model bundle. */
    @WithDefault("model-zoo/default")
    Path model();

    /** See {@link dev.nocturne.runtime.registry.RegistrySettings}. */
    interface SchemaRegistry {
        /** URL of its API, whose framing captions may have; none if left out. */
        Optional<String> url();
    }

    interface Kafka {
        /** {@code host:port}, comma-separated. */
        String bootstrapServers();

        /** Kafka's own client settings; they win over what the service sets. */
        Map<String, String> overrides();
    }
}
