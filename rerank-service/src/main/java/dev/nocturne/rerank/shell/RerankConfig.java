package dev.nocturne.rerank.shell;

import dev.nocturne.runtime.KafkaConfig;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface RerankConfig {

    KafkaConfig kafka();

    Rerank rerank();

    interface Rerank {
        /** Folder of the local state, one per process; best on a volume that survives a restart. */
        @WithDefault("rerank-state")
        Path stateDir();
    }
}
