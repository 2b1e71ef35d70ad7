package dev.nocturne.runtime;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Where the brokers are, and how every client of the pipeline talks to them.
 *
 * @param overrides Kafka's own settings (security, timeouts); they win over what is set here
 */
public record KafkaSettings(String bootstrapServers, Map<String, String> overrides) {

    /** Bounds every blocking call, so that a poll thread comes round and stays live. */
    private static final int MAX_BLOCK_MILLIS = 15_000;

    /**
     * Transactions are opened after the work and last milliseconds. Readers of a partition wait
     * this long for a transaction that a killed worker left open.
     */
    private static final int TRANSACTION_TIMEOUT_MILLIS = 10_000;

    public KafkaSettings {
        overrides = Map.copyOf(overrides);
    }

    public Map<String, Object> admin() {
        return with(Map.of());
    }

    /** Raw bytes; sees committed records only, from the earliest; commits nothing by itself. */
    public Map<String, Object> consumer(String groupId) {
        return with(
                Map.of(
                        ConsumerConfig.GROUP_ID_CONFIG,
                        groupId,
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                        "read_committed",
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                        false,
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        "earliest",
                        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
                        CooperativeStickyAssignor.class.getName(),
                        ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                        MAX_BLOCK_MILLIS,
                        ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
                        ByteArrayDeserializer.class,
                        ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
                        ByteArrayDeserializer.class));
    }

    /** As {@link #consumer(String)}, of no group: its partitions are given to it. */
    public Map<String, Object> consumer() {
        Map<String, Object> config = consumer("");
        config.remove(ConsumerConfig.GROUP_ID_CONFIG);
        return config;
    }

    /** Raw bytes; idempotent, waits for all in-sync replicas. */
    public Map<String, Object> producer() {
        return with(
                Map.of(
                        ProducerConfig.ACKS_CONFIG,
                        "all",
                        ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                        true,
                        ProducerConfig.COMPRESSION_TYPE_CONFIG,
                        "lz4",
                        ProducerConfig.MAX_BLOCK_MS_CONFIG,
                        MAX_BLOCK_MILLIS,
                        ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG,
                        ByteArraySerializer.class,
                        ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
                        ByteArraySerializer.class));
    }

    /** As {@link #producer()}, for transactions. */
    public Map<String, Object> transactionalProducer(String transactionalId) {
        Map<String, Object> config = new HashMap<>();
        config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
        config.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MILLIS);
        config.putAll(producer());
        return config;
    }

    private Map<String, Object> with(Map<String, Object> purpose) {
        Map<String, Object> config = new HashMap<>(purpose);
        config.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        config.putAll(overrides);
        return config;
    }
}
