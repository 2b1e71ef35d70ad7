package dev.nocturne.rerank.shell;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Map;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface RerankConfig {

    Kafka kafka();

    Rerank rerank();

    interface Kafka {
        /** {@code host:port}, comma-separated. */
        String bootstrapServers();

        /** Kafka's own client settings; they win over what the service sets. */
        Map<String, String> overrides();
    }

    interface Rerank {
        /** Folder of the local state, one per process; best on a volume that survives a restart. */
        @WithDefault("rerank-state")
        Path stateDir();
    }
}
