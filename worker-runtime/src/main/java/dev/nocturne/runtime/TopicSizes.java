package dev.nocturne.runtime;

import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * How an installation makes its topics; see docs/kafka.md.
 *
 * @param partitions of each topic that is not in one, and so workers of a stage at most
 * @param replication copies of each record; empty: as many as the brokers make by themselves
 * @param minInsyncReplicas copies without which nothing is written; empty: the brokers'
 * @param retention of captions, of what one stage has for the next, and of dead letters
 */
public record TopicSizes(
        int partitions,
        OptionalInt replication,
        OptionalInt minInsyncReplicas,
        Duration retention) {

    public static final String PARTITIONS_VARIABLE = "NOCTURNE_KAFKA_PARTITIONS";
    public static final String REPLICATION_VARIABLE = "NOCTURNE_KAFKA_REPLICATION";
    public static final String MIN_INSYNC_VARIABLE = "NOCTURNE_KAFKA_MIN_INSYNC_REPLICAS";
    public static final String RETENTION_VARIABLE = "NOCTURNE_KAFKA_RETENTION";

    public static final String MIN_INSYNC_REPLICAS = "min.insync.replicas";

    /** Each is a file and a task of every stage; a cluster has some 100,000 of them. */
    public static final int MAX_PARTITIONS = 10_000;

    private static final int MAX_REPLICATION = 100;

    /** What nobody has read yet must not be deleted because a service was started again. */
    private static final Duration MIN_RETENTION = Duration.ofHours(1);

    public static final TopicSizes DEFAULT = parse(null, null, null, null);

    /** As the variables of this process say. */
    public static TopicSizes ofEnvironment() {
        return parse(
                System.getenv(PARTITIONS_VARIABLE),
                System.getenv(REPLICATION_VARIABLE),
                System.getenv(MIN_INSYNC_VARIABLE),
                System.getenv(RETENTION_VARIABLE));
    }

    /**
     * From what an operator wrote; null stands for the default.
     *
     * @throws FatalException if one of them cannot be read, or two do not go together
     */
    public static TopicSizes parse(
            String partitions, String replication, String minInsyncReplicas, String retention) {
        OptionalInt copies = count(REPLICATION_VARIABLE, replication, MAX_REPLICATION);
        OptionalInt insync = count(MIN_INSYNC_VARIABLE, minInsyncReplicas, MAX_REPLICATION);
        if (insync.isPresent() && insync.getAsInt() > copies.orElse(0)) {
            throw wrong(
                    MIN_INSYNC_VARIABLE,
                    minInsyncReplicas,
                    "at most %s, or nothing can be written".formatted(REPLICATION_VARIABLE));
        }
        return new TopicSizes(
                count(PARTITIONS_VARIABLE, partitions, MAX_PARTITIONS).orElse(Topics.PARTITIONS),
                copies,
                insync,
                retention == null ? Topics.RETENTION : retention(retention));
    }

    private static OptionalInt count(String variable, String text, int most) {
        if (text == null) {
            return OptionalInt.empty();
        }
        if (text.matches("[1-9]\\d{0,5}") && Integer.parseInt(text) <= most) {
            return OptionalInt.of(Integer.parseInt(text));
        }
        throw wrong(variable, text, "a number, 1 to " + most);
    }

    private static Duration retention(String text) {
        return RetentionText.parse(text)
                .filter(retention -> retention.compareTo(MIN_RETENTION) >= 0)
                .orElseThrow(
                        () ->
                                wrong(
                                        RETENTION_VARIABLE,
                                        text,
                                        "days, hours or minutes, as 7d, and an hour or more"));
    }

    private static FatalException wrong(String variable, String value, String expected) {
        return new FatalException("%s is '%s': must be %s".formatted(variable, value, expected));
    }

    /** Partitions that the topic has at its creation. */
    public int partitions(Topic<?> topic) {
        return isSized(topic) ? partitions : topic.partitions();
    }

    /** Whether a topic of the catalogue has as many partitions as an installation wants. */
    public static boolean isSized(Topic<?> topic) {
        return topic.partitions() == Topics.PARTITIONS;
    }

    /** How long the brokers keep the topic's records; empty: for ever. */
    public Optional<Duration> retention(Topic<?> topic) {
        return topic.retention().map(own -> own.equals(Topics.RETENTION) ? retention : own);
    }

    /** The topic's configuration in Kafka's own names, as {@link Topic#config}. */
    public Map<String, String> config(Topic<?> topic) {
        Map<String, String> config = new TreeMap<>(topic.keptFor(retention(topic)).config());
        minInsyncReplicas.ifPresent(
                copies -> config.put(MIN_INSYNC_REPLICAS, Integer.toString(copies)));
        return config;
    }
}
