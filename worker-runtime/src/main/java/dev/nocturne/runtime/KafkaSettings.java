package dev.nocturne.runtime;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Where the brokers are, how every client of the pipeline talks to them, and how it makes topics.
 *
 * @param overrides Kafka's own settings (security, timeouts); they win over what is set here
 */
public record KafkaSettings(
        String bootstrapServers, Map<String, String> overrides, TopicSizes topics) {

    /** Bounds every blocking call, so that a poll thread comes round and stays live. */
    private static final int MAX_BLOCK_MILLIS = 15_000;

    /**
     * Transactions are opened after the work and last milliseconds. Readers of a partition wait
     * this long for a transaction that a killed worker left open.
     */
    public static final int TRANSACTION_TIMEOUT_MILLIS = 6_000;

    /** The work of a killed worker waits so long; heartbeats come from a thread of their own. */
    public static final int SESSION_TIMEOUT_MILLIS = 10_000;

    /** New partitions of a topic are noticed within this time, by readers and by writers. */
    public static final int METADATA_MAX_AGE_MILLIS = 30_000;

    /** What frames a record. */
    private static final int FRAME_BYTES = 1_024;

    /** The largest key and value together; Kafka's default for a message is 1 MiB. */
    public static final int MAX_RECORD_BYTES = (1 << 20) - FRAME_BYTES;

    /** Part of the message of Kafka's clients, which is all that tells it from a wrong setting. */
    private static final String UNRESOLVED = "No resolvable bootstrap";

    public KafkaSettings {
        overrides = Map.copyOf(overrides);
    }

    /** With topics of {@link TopicSizes#DEFAULT}. */
    public KafkaSettings(String bootstrapServers, Map<String, String> overrides) {
        this(bootstrapServers, overrides, TopicSizes.DEFAULT);
    }

    /**
     * @throws FatalException as {@link TopicSizes#parse}
     */
    public static KafkaSettings of(KafkaConfig config) {
        return new KafkaSettings(
                config.bootstrapServers(),
                config.overrides(),
                TopicSizes.parse(
                        config.partitions().orElse(null),
                        config.replication().orElse(null),
                        config.minInsyncReplicas().orElse(null),
                        config.retention().orElse(null)));
    }

    public Map<String, Object> admin() {
        return with(Map.of());
    }

    /** Raw bytes; sees committed records only, from the earliest; commits nothing by itself. */
    public Map<String, Object> consumer(String groupId) {
        Map<String, Object> config = new HashMap<>();
        config.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_TIMEOUT_MILLIS);
        config.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, METADATA_MAX_AGE_MILLIS);
        config.putAll(
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
                        TopicByTopicAssignor.class.getName(),
                        ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                        MAX_BLOCK_MILLIS,
                        ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
                        ByteArrayDeserializer.class,
                        ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
                        ByteArrayDeserializer.class));
        return with(config);
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
                        ProducerConfig.METADATA_MAX_AGE_CONFIG,
                        METADATA_MAX_AGE_MILLIS,
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

    /**
     * What to do about an error of a client. A name that cannot be resolved is waited for, as is a
     * broker that is away: the client says of both no more than that its settings are wrong.
     */
    public StageException asStageException(String what, KafkaException e) {
        String message =
                "%s at %s: %s".formatted(what, bootstrapServers, rootCause(e).getMessage());
        return isUnresolved(e) || rootCause(e) instanceof RetriableException
                ? new TransientException(message, e)
                : new FatalException(message, e);
    }

    static boolean isUnresolved(Throwable e) {
        return String.valueOf(rootCause(e).getMessage()).contains(UNRESOLVED);
    }

    /** Whether a person has to mend something before what failed can succeed. */
    static boolean isFatal(Throwable e) {
        if (isUnresolved(e)) {
            return false;
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof AuthenticationException
                    || cause instanceof ConfigException
                    || cause instanceof AuthorizationException
                    || cause instanceof RecordTooLargeException
                    || cause instanceof UnsupportedVersionException) {
                return true;
            }
        }
        return false;
    }

    /** What to say of an error: Kafka wraps, and the innermost of its messages says most. */
    public static String rootMessage(Throwable e) {
        Throwable root = e;
        while (root instanceof KafkaException && root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }

    static Throwable rootCause(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** The largest key and value that a producer with these settings sends together. */
    static int maxRecordBytes(Map<String, Object> producerConfig) {
        Object request = producerConfig.get(ProducerConfig.MAX_REQUEST_SIZE_CONFIG);
        return request == null
                ? MAX_RECORD_BYTES
                : Integer.parseInt(request.toString()) - FRAME_BYTES;
    }

    private Map<String, Object> with(Map<String, Object> purpose) {
        Map<String, Object> config = new HashMap<>(purpose);
        config.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        config.putAll(overrides);
        return config;
    }

    /** Fit for a log: of the overrides, which may hold passwords, the names alone. */
    @Override
    public String toString() {
        return "%s, with %s".formatted(bootstrapServers, new TreeSet<>(overrides.keySet()));
    }
}
