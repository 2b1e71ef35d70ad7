package dev.nocturne.runtime;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * How far the poll thread has come in each partition, where that is not committed yet: also past
 * what is no record, transaction markers and aborted transactions. A group that commits only what
 * follows its last record stays a marker behind the end, which every lag tool takes for a backlog.
 * Belongs to the poll thread.
 */
final class PassedOffsets {

    /** Markers come in bursts, as the records do. */
    static final Duration PERIOD = Duration.ofSeconds(1);

    private final Map<TopicPartition, OffsetAndMetadata> passed = new HashMap<>();
    private long lastNanos = System.nanoTime() - PERIOD.toNanos();

    void polled(ConsumerRecords<?, ?> records) {
        passed.putAll(records.nextOffsets());
    }

    /** Where a partition was read to the end of what was polled, except for some. */
    Map<TopicPartition, OffsetAndMetadata> without(Collection<TopicPartition> waiting) {
        Map<TopicPartition, OffsetAndMetadata> free = new HashMap<>(passed);
        free.keySet().removeAll(waiting);
        return free;
    }

    /** Whether there is something to commit for its own sake, and the last such time is past. */
    boolean areDue() {
        return !passed.isEmpty() && System.nanoTime() - lastNanos >= PERIOD.toNanos();
    }

    /** Puts the next commit off, whether or not this one succeeds. */
    void tried() {
        lastNanos = System.nanoTime();
    }

    void committed(Map<TopicPartition, OffsetAndMetadata> offsets) {
        offsets.forEach(
                (partition, offset) ->
                        passed.computeIfPresent(
                                partition,
                                (key, here) -> here.offset() == offset.offset() ? null : here));
    }

    void lost(Collection<TopicPartition> partitions) {
        passed.keySet().removeAll(partitions);
    }
}
