package dev.nocturne.runtime;

import java.util.Map;
import java.util.Optional;

/** The part {@code kafka} of a service's configuration. */
public interface KafkaConfig {

    /** {@code host:port}, comma-separated. */
    String bootstrapServers();

    /** Kafka's own client settings; they win over what the service sets. */
    Map<String, String> overrides();

    /** Of topics that are made; see {@link TopicSizes}, like the next three. */
    Optional<String> partitions();

    Optional<String> replication();

    Optional<String> minInsyncReplicas();

    Optional<String> retention();
}
