package dev.nocturne.generator.shell;

import dev.nocturne.runtime.KafkaConfig;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface GeneratorConfig {

    KafkaConfig kafka();

    Generator generator();

    /** Directory of the model bundle. */
    @WithDefault("model-zoo/default")
    Path model();

    interface Generator {
        /** Candidates in a decode batch, 1 to 64. */
        @WithDefault("32")
        int batch();
    }
}
