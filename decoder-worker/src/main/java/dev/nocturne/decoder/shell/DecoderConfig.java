package dev.nocturne.decoder.shell;

import dev.nocturne.runtime.KafkaConfig;
import dev.nocturne.runtime.ObjectStoreConfig;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface DecoderConfig {

    KafkaConfig kafka();

    ObjectStoreConfig s3();

    /** Directory of the model bundle. */
    @WithDefault("model-zoo/default")
    Path model();
}
