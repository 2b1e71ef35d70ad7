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

    S3 s3();

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

    interface S3 {
        /** URL of an S3 endpoint that takes path-style addresses. */
        String endpoint();

        @WithDefault("us-east-1")
        String region();

        /** With the secret key; both left out, AWS's own places are searched for keys. */
        Optional<String> accessKey();

        Optional<String> secretKey();

        /** Of temporary keys. */
        Optional<String> sessionToken();

        /** Certificates in PEM of authorities that are trusted beside Java's own. */
        Optional<Path> caFile();

        /** Where the pictures are. */
        @WithDefault("nocturne")
        String bucket();

        /** Of all keys, like {@code tenant-a/}, where the bucket is shared. */
        Optional<String> prefix();
    }
}
