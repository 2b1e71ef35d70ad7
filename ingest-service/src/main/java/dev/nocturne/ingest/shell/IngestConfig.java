package dev.nocturne.ingest.shell;

import dev.nocturne.runtime.KafkaConfig;
import dev.nocturne.runtime.ObjectStoreConfig;
import io.smallrye.config.ConfigMapping;
import java.nio.file.Path;
import java.util.Optional;

/** What this service is told; each name is also an environment variable. */
@ConfigMapping(prefix = "nocturne")
interface IngestConfig {

    KafkaConfig kafka();

    ObjectStoreConfig s3();

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

    /** Both or neither, see {@link dev.nocturne.ingest.webhook.WebhookSettings}. */
    interface Webhook {
        /** Where the ends of batches are posted to. */
        Optional<String> url();

        /** Signs them. */
        Optional<String> secret();
    }
}
