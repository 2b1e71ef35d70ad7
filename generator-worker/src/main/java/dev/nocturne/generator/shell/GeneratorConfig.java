package dev.nocturne.generator.shell;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Map;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface GeneratorConfig {

    Kafka kafka();

    Generator generator();

    /** Directory of the model bundle. */
    @WithDefault("model-zoo/default")
    Path model();

    interface Kafka {
        /** {@code host:port}, comma-separated. */
        String bootstrapServers();

        /** Kafka's own client settings; they win over what the service sets. */
        Map<String, String> overrides();
    }

    interface Generator {
        /** Candidates in a decode batch, 1 to 64. */
        @WithDefault("32")
        int batch();
    }
}
