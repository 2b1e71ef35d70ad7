package dev.nocturne.runtime;

import java.util.Map;

/** The part {@code kafka} of a service's configuration. */
public interface KafkaConfig {

    /** {@code host:port}, comma-separated. */
    String bootstrapServers();

    /** Kafka's own client settings; they win over what the service sets. */
    Map<String, String> overrides();
}
