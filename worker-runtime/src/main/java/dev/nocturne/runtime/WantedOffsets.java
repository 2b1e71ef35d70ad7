package dev.nocturne.runtime;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Single records that are to be read, wherever they stand. Of one thread. */
final class WantedOffsets {

    /** Offsets that lie between two wanted ones and are better read over than sought past. */
    private static final int SKIP = 500;

    private final Map<TopicPartition, NavigableSet<Long>> left = new HashMap<>();

    WantedOffsets(Map<TopicPartition, ? extends Set<Long>> offsets) {
        offsets.forEach(
                (partition, some) -> {
                    if (!some.isEmpty()) {
                        left.put(partition, new TreeSet<>(some));
                    }
                });
    }

    boolean isEmpty() {
        return left.isEmpty();
    }

    /** Of each partition. */
    Map<TopicPartition, Long> first() {
        Map<TopicPartition, Long> first = new HashMap<>();
        left.forEach((partition, some) -> first.put(partition, some.first()));
        return first;
    }

    /**
     * @return whether the record is wanted; it is not from now on
     */
    boolean take(ConsumerRecord<?, ?> record) {
        NavigableSet<Long> some = left.get(new TopicPartition(record.topic(), record.partition()));
        return some != null && some.remove(record.offset());
    }

    /** Moves the consumer past what is not wanted, and leaves partitions that are done with. */
    void seek(Consumer<?, ?> consumer) {
        for (var entry : List.copyOf(left.entrySet())) {
            TopicPartition partition = entry.getKey();
            long position = consumer.position(partition);
            entry.getValue().headSet(position).clear(); // not in the log, whatever the reason
            if (entry.getValue().isEmpty()) {
                consumer.pause(List.of(partition));
                left.remove(partition);
            } else if (entry.getValue().first() - position > SKIP) {
                consumer.seek(partition, entry.getValue().first());
            }
        }
    }
}
