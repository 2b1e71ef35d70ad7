package dev.nocturne.schemas;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One topic of the pipeline, declared once.
 *
 * @param name the topic's name in Kafka
 * @param record what a value is: an Avro record in single-object encoding, or the same in JSON if
 *     the name ends so, or {@code byte[]} for raw bytes
 * @param key what a key is
 * @param partitions partitions at creation; {@link Topics#PARTITIONS} stands for as many as an
 *     installation has
 * @param retention how long the brokers keep a record; empty: for ever; {@link Topics#RETENTION}
 *     stands for an installation's
 * @param isCompacted whether the brokers keep only the last record of each key
 * @param hasLanes whether there is a topic for each {@link Lane}, this one being that of bulk
 * @param followsInput whether a record goes to the partition of the same number as the one that it
 *     follows from, and not by its key: so the records of a request stay together although
 *     partitions are added meanwhile
 */
public record Topic<T>(
        String name,
        Class<T> record,
        Key key,
        int partitions,
        Optional<Duration> retention,
        boolean isCompacted,
        boolean hasLanes,
        boolean followsInput) {

    /** What a broker takes by default before it begins another. */
    private static final Duration SEGMENT = Duration.ofDays(7);

    /** One that is not compacted, and whose records go by their keys. */
    public Topic(
            String name,
            Class<T> record,
            Key key,
            int partitions,
            Optional<Duration> retention,
            boolean hasLanes) {
        this(name, record, key, partitions, retention, false, hasLanes, false);
    }

    /** The same, but {@link #followsInput}. */
    public Topic<T> followingInput() {
        return new Topic<>(name, record, key, partitions, retention, isCompacted, hasLanes, true);
    }

    /**
     * In Kafka's words: how large a file of the log grows before it can be deleted or compacted.
     */
    public static final String SEGMENT_BYTES = "segment.bytes";

    /** Of what grows until somebody deletes it. */
    private static final int SEGMENT_SIZE = 64 << 20;

    /** The segment that is written to is never compacted. */
    private static final int COMPACTED_SEGMENT_SIZE = 4 << 20;

    /** The rule by which a record's key, a UTF-8 string, is made. */
    public enum Key {
        /** {@code jobId} */
        JOB,
        /** {@code jobId/requestId}, see {@link Ids#key} */
        REQUEST,
        /** None. */
        NONE
    }

    /**
     * The topic on which such records travel in a lane: {@code captions} and {@code
     * captions.interactive}. A topic without lanes is everybody's.
     *
     * <p>Both have as many partitions: so every worker gets some of either, and a request's
     * partition has the same number in both.
     */
    public Topic<T> in(Lane lane) {
        return hasLanes && lane == Lane.INTERACTIVE
                ? new Topic<>(
                        name + lane.suffix(),
                        record,
                        key,
                        partitions,
                        retention,
                        isCompacted,
                        false,
                        followsInput)
                : this;
    }

    /** The same topic, with this retention. */
    public Topic<T> keptFor(Optional<Duration> retention) {
        return new Topic<>(
                name, record, key, partitions, retention, isCompacted, hasLanes, followsInput);
    }

    /** The lane of one of {@link #lanes}, by its name. */
    public Lane lane(String name) {
        return this.name.equals(name) ? Lane.BULK : Lane.INTERACTIVE;
    }

    /** The topic in each of its lanes; the interactive one first. */
    public List<Topic<T>> lanes() {
        return Stream.of(Lane.values()).map(this::in).distinct().toList();
    }

    /**
     * The topic's configuration in Kafka's own names. What is deleted by its age is dated by the
     * broker: writers' clocks are not to be trusted with it.
     */
    public Map<String, String> config() {
        String retentionMillis = Long.toString(retention.map(Duration::toMillis).orElse(-1L));
        Map<String, String> config = new TreeMap<>();
        config.put("cleanup.policy", isCompacted ? "compact" : "delete");
        config.put("retention.ms", retentionMillis);
        config.put("retention.bytes", "-1");
        if (retention.isPresent()) {
            config.put("message.timestamp.type", "LogAppendTime");
        }
        if (retention.isPresent() && retention.get().compareTo(SEGMENT) < 0) {
            config.put("segment.ms", retentionMillis); // only whole segments are deleted
        }
        if (retention.isEmpty()) {
            config.put(
                    SEGMENT_BYTES,
                    Integer.toString(isCompacted ? COMPACTED_SEGMENT_SIZE : SEGMENT_SIZE));
        }
        return config;
    }
}
