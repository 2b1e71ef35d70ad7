package dev.nocturne.ingest.lag;

import dev.nocturne.runtime.KafkaSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/**
 * Tells whether a record lies in a range of offsets, and how old the first one is. For one thread.
 */
public final class HeadReader implements AutoCloseable {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Duration POLL = Duration.ofMillis(100);

    /**
     * Offsets of a partition.
     *
     * @param to exclusive
     */
    public record Range(long from, long to) {
        boolean isEmpty() {
            return from >= to;
        }
    }

    /**
     * The first data record of a range.
     *
     * @param timestampMillis null if the record could not be read in time, or is not present
     */
    public record Head(boolean present, Long timestampMillis) {
        static final Head NONE = new Head(false, null);
        static final Head UNKNOWN = new Head(true, null);
    }

    private record Known(Range range, Head head) {
        /** A record stays where it is; that there is none holds only until the log grows. */
        boolean holdsFor(Range other) {
            return head.present() ? range.from == other.from : range.equals(other);
        }
    }

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, Known> known = new HashMap<>();

    /**
     * @param isolation whether records of open transactions count
     */
    public HeadReader(KafkaSettings kafka, IsolationLevel isolation) {
        Map<String, Object> config = kafka.consumer();
        config.put(
                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                isolation.toString().toLowerCase(Locale.ROOT));
        // a single batch is enough to see the timestamp of its first record
        config.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 1);
        config.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 1);
        consumer = new KafkaConsumer<>(config);
    }

    /**
     * @return the head of every range, taken for present if it could not be read in time
     */
    public Map<TopicPartition, Head> read(Map<TopicPartition, Range> ranges) {
        Map<TopicPartition, Head> heads = new HashMap<>();
        Map<TopicPartition, Range> unknown = new HashMap<>();
        ranges.forEach(
                (partition, range) -> {
                    Known before = known.get(partition);
                    if (range.isEmpty()) {
                        heads.put(partition, Head.NONE);
                    } else if (before != null && before.holdsFor(range)) {
                        heads.put(partition, before.head);
                    } else {
                        heads.put(partition, Head.UNKNOWN);
                        unknown.put(partition, range);
                    }
                });
        if (!unknown.isEmpty()) {
            readInTime(unknown)
                    .forEach(
                            (partition, head) -> {
                                heads.put(partition, head);
                                known.put(partition, new Known(ranges.get(partition), head));
                            });
        }
        return heads;
    }

    private Map<TopicPartition, Head> readInTime(Map<TopicPartition, Range> ranges) {
        Map<TopicPartition, Head> heads = new HashMap<>();
        Set<TopicPartition> open = new HashSet<>(ranges.keySet());
        consumer.assign(open);
        ranges.forEach((partition, range) -> consumer.seek(partition, range.from));
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!open.isEmpty() && System.nanoTime() < deadline) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            for (TopicPartition partition : records.partitions()) {
                long timestamp = records.records(partition).get(0).timestamp();
                heads.put(partition, new Head(true, timestamp));
            }
            for (TopicPartition partition : Set.copyOf(open)) {
                // past markers and aborted records without meeting a committed one
                if (!heads.containsKey(partition)
                        && consumer.position(partition) >= ranges.get(partition).to) {
                    heads.put(partition, Head.NONE);
                }
            }
            open.removeAll(heads.keySet());
            consumer.pause(heads.keySet());
        }
        consumer.unsubscribe();
        return heads;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
