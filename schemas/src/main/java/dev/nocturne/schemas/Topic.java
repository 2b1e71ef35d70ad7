package dev.nocturne.schemas;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * One topic of the pipeline, declared once.
 *
 * @param name the topic's name in Kafka
 * @param record what a value is: an Avro record in single-object encoding, or {@code byte[]} for
 *     raw bytes
 * @param key what a key is
 * @param partitions partitions at creation
 * @param retention how long a record is kept; empty: for ever
 */
public record Topic<T>(
        String name, Class<T> record, Key key, int partitions, Optional<Duration> retention) {

    /** The rule by which a record's key, a UTF-8 string, is made. */
    public enum Key {
        /** {@code jobId} */
        JOB,
        /** {@code jobId/requestId}, see {@link Ids#key} */
        REQUEST
    }

    /** The topic's configuration in Kafka's own names. */
    public Map<String, String> config() {
        long retentionMillis = retention.map(Duration::toMillis).orElse(-1L);
        return Map.of("cleanup.policy", "delete", "retention.ms", Long.toString(retentionMillis));
    }
}
