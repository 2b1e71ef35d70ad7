package dev.nocturne.encoder.shell;

import dev.nocturne.runtime.KafkaConfig;
import dev.nocturne.runtime.ObjectStoreConfig;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Optional;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface EncoderConfig {

    KafkaConfig kafka();

    ObjectStoreConfig s3();

    SchemaRegistry schemaRegistry();

    /** Directory of the model bundle. */
    @WithDefault("model-zoo/default")
    Path model();

    /** See {@link dev.nocturne.runtime.registry.RegistrySettings}. */
    interface SchemaRegistry {
        /** URL of its API, whose framing captions may have; none if left out. */
        Optional<String> url();
    }
}
