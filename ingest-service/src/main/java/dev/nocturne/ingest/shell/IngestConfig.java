package dev.nocturne.ingest.shell;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface IngestConfig {

    Kafka kafka();

    S3 s3();

    Webhook webhook();

    SchemaRegistry schemaRegistry();

    /** Candidates; see {@link dev.nocturne.ingest.IngestLimits}, like the next four. */
    Optional<String> maxWaitingCandidates();

    /** Bytes. */
    Optional<String> minFreeBytes();

    /** A duration, like the next two. */
    Optional<String> fileRetention();

    Optional<String> jobRetention();

    Optional<String> logRetention();

    Ingest ingest();

    interface Ingest {
        /** Folder for what this service can make anew; beside the spool if it is left out. */
        Optional<Path> stateDir();
    }

    /** See {@link dev.nocturne.runtime.registry.RegistrySettings}. */
    interface SchemaRegistry {
        /** URL of its API. */
        Optional<String> url();

        /** Whether results are written in its framing, too. */
        Optional<String> results();
    }

    interface Kafka {
        /** {@code host:port}, comma-separated. */
        String bootstrapServers();

        /** Kafka's own client settings; they win over what the service sets. */
        Map<String, String> overrides();
    }

    interface S3 {
        /** URL of an S3 API. */
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

        /** Created if it is not there. */
        @WithDefault("nocturne")
        String bucket();

        /** Of all keys, like {@code tenant-a/}, where the bucket is shared. */
        Optional<String> prefix();

        /** URL of the same S3 API as those know it who get links; the endpoint if left out. */
        Optional<String> publicEndpoint();
    }

    /** Both or neither, see {@link dev.nocturne.ingest.webhook.WebhookSettings}. */
    interface Webhook {
        /** Where the ends of batches are posted to. */
        Optional<String> url();

        /** Signs them. */
        Optional<String> secret();
    }
}
