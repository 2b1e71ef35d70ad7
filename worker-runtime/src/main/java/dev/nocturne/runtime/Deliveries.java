package dev.nocturne.runtime;

import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.schemas.ReasonCodes;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the record that kills its worker. How often the position of a partition was delivered
 * without a commit is kept in the committed offset's metadata, so it outlives the process: written
 * when the partition is assigned, gone with the next commit, taken back when the partition is given
 * away in order.
 *
 * <p>From {@link #SUSPECT} on, the records that may have been at work are unread until it is their
 * turn, come one by one, and are counted before the work on each. A record that was at work alone
 * {@link #MOST_ALONE} times when its worker died is given up. Belongs to the poll thread.
 */
final class Deliveries<I extends SpecificRecord> {

    /** So many deliveries without a commit are no accident. */
    static final int SUSPECT = 2;

    static final int MOST_ALONE = 2;

    private static final Logger LOG = LoggerFactory.getLogger(Deliveries.class);
    private static final String METADATA = "deliveries=";

    /** A partition that is given away is waited for by another worker. */
    private static final Duration GIVE_BACK = Duration.ofSeconds(5);

    private static final class Position {
        private OffsetAndMetadata offset; // committed
        private int found; // deliveries before this one
        private int written; // deliveries as they are in Kafka now
        private boolean headPolled;
        private long suspectEnd; // offset after the last record that may have been at work
        private int suspectsLeft;

        private boolean isSuspect() {
            return suspectsLeft > 0 && offset.offset() < suspectEnd;
        }
    }

    private final Stage<I> stage;
    private final FinishedRequests<I> finished;
    private final Map<TopicPartition, Position> positions = new HashMap<>();
    private final Set<TopicPartition> unknown = new HashSet<>();

    Deliveries(Stage<I> stage, FinishedRequests<I> finished) {
        this.stage = stage;
        this.finished = finished;
    }

    /** The partitions' records are not to be polled before {@link #readMarks}. */
    void assigned(Collection<TopicPartition> partitions) {
        unknown.addAll(partitions);
    }

    boolean isUnknown(TopicPartition partition) {
        return unknown.contains(partition);
    }

    /**
     * Reads and writes the marks of partitions that are new here; each has a committed offset then,
     * so that nobody takes it for unread. Those wait that had none until it is known which of their
     * requests are finished.
     *
     * @throws KafkaException if the brokers are away, or the group rebalances: to be called again
     */
    void readMarks(Consumer<?, ?> consumer) {
        if (unknown.isEmpty()) {
            return;
        }
        Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(unknown);
        Set<TopicPartition> ready = new HashSet<>(unknown);
        List<TopicPartition> without =
                unknown.stream().filter(partition -> committed.get(partition) == null).toList();
        if (!without.isEmpty() && !finished.areKnownFor(consumer, without)) {
            without.forEach(ready::remove);
        }
        if (ready.isEmpty()) {
            return;
        }
        Map<TopicPartition, Position> read = new HashMap<>();
        for (TopicPartition partition : ready) {
            OffsetAndMetadata offset = committed.get(partition);
            Position position = new Position();
            position.offset =
                    offset == null ? new OffsetAndMetadata(consumer.position(partition)) : offset;
            position.found = count(position.offset);
            position.written = Math.max(position.found, Math.min(position.found + 1, SUSPECT));
            read.put(partition, position);
        }
        Map<TopicPartition, Long> ends =
                consumer.endOffsets(
                        read.keySet().stream()
                                .filter(partition -> read.get(partition).found >= SUSPECT)
                                .toList());
        consumer.commitSync(
                read.entrySet().stream()
                        .collect(
                                Collectors.toMap(
                                        Map.Entry::getKey,
                                        entry ->
                                                marked(
                                                        entry.getValue().offset,
                                                        entry.getValue().written))));
        ends.forEach(
                (partition, end) -> {
                    Position position = read.get(partition);
                    position.suspectEnd = end;
                    // one batch that is worked, one at work, and in each lane one that waits
                    position.suspectsLeft = 4 * stage.maxBatch();
                    if (position.isSuspect()) {
                        LOG.warn(
                                "STG-10 {}: {}@{} was delivered {} times without a commit: its records go one by one",
                                stage.name(),
                                partition,
                                position.offset.offset(),
                                position.found);
                    }
                });
        positions.putAll(read);
        unknown.removeAll(ready);
    }

    private static int count(OffsetAndMetadata offset) {
        String metadata = offset.metadata();
        return metadata != null && metadata.matches(METADATA + "[0-9]")
                ? metadata.charAt(METADATA.length()) - '0'
                : 0;
    }

    private static OffsetAndMetadata marked(OffsetAndMetadata offset, int deliveries) {
        return new OffsetAndMetadata(
                offset.offset(),
                offset.leaderEpoch(),
                deliveries == 0 ? "" : METADATA + deliveries);
    }

    boolean isSuspect(TopicPartition partition) {
        Position position = positions.get(partition);
        return position != null && position.isSuspect();
    }

    boolean areAnySuspect() {
        return positions.values().stream().anyMatch(Position::isSuspect);
    }

    /** A polled record, read unless it may have killed a worker, or cannot be read yet. */
    Input<I> input(ConsumerRecord<byte[], byte[]> record) {
        Position position = positions.get(partition(record));
        if (position == null
                || position.suspectsLeft == 0
                || record.offset() >= position.suspectEnd) {
            try {
                return Input.of(stage, record);
            } catch (TransientException e) {
                return Input.unread(stage, record, Input.UNCOUNTED);
            }
        }
        position.suspectsLeft--;
        int deliveries = position.headPolled ? SUSPECT : position.found;
        position.headPolled = true;
        if (deliveries < SUSPECT + MOST_ALONE) {
            return Input.unread(stage, record, deliveries);
        }
        return Input.rejected(
                stage,
                record,
                new PermanentException(
                        ReasonCodes.INTERNAL,
                        "the worker's process ended %d times while it was at work on this record alone"
                                .formatted(MOST_ALONE)));
    }

    /**
     * Counts an unread record's delivery, so that it is known even if the process dies of it.
     *
     * @throws KafkaException as {@link #readMarks}
     */
    void beforeWork(Consumer<?, ?> consumer, Input<I> unread) {
        Position position = positions.get(unread.partition());
        ConsumerRecord<?, ?> record = unread.record();
        position.offset = new OffsetAndMetadata(record.offset(), record.leaderEpoch(), "");
        position.found = unread.deliveries();
        position.written = unread.deliveries() + 1;
        consumer.commitSync(Map.of(unread.partition(), marked(position.offset, position.written)));
    }

    /** Nothing is counted of what is committed. */
    void committed(Map<TopicPartition, OffsetAndMetadata> offsets) {
        offsets.forEach(
                (partition, offset) -> {
                    Position position = positions.get(partition);
                    if (position != null) {
                        position.offset = offset;
                        position.found = 0;
                        position.written = 0;
                    }
                });
    }

    /**
     * The worker stops, and perhaps because of one of these records: whoever gets them next takes
     * them one by one. In the order of their offsets.
     */
    void suspect(Consumer<?, ?> consumer, List<Input<I>> inputs) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (Input<I> input : inputs) {
            Position position = positions.get(input.partition());
            if (position != null && !input.isUnread()) {
                position.written = Math.max(position.written, SUSPECT);
                position.found = position.written; // stays when it is given away
                offsets.putIfAbsent(input.partition(), marked(position.offset, position.written));
            } else if (position != null) {
                position.found = position.written;
            }
        }
        commit(consumer, offsets);
    }

    /** Another worker gets the partitions in order: what was counted here is taken back. */
    void revoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (TopicPartition partition : partitions) {
            Optional.ofNullable(positions.get(partition))
                    .filter(position -> position.written != position.found)
                    .ifPresent(
                            position ->
                                    offsets.put(
                                            partition, marked(position.offset, position.found)));
        }
        commit(consumer, offsets);
        lost(partitions);
    }

    void lost(Collection<TopicPartition> partitions) {
        partitions.forEach(positions::remove);
        unknown.removeAll(partitions);
    }

    /** Without it records come one by one that need not. */
    private void commit(Consumer<?, ?> consumer, Map<TopicPartition, OffsetAndMetadata> offsets) {
        if (offsets.isEmpty()) {
            return;
        }
        try {
            try {
                consumer.commitSync(offsets, GIVE_BACK);
            } catch (WakeupException e) { // meant for a poll
                consumer.commitSync(offsets, GIVE_BACK);
            }
        } catch (KafkaException e) {
            LOG.debug("STG-11 {}: marks not written: {}", stage.name(), e.getMessage());
        }
    }

    private static TopicPartition partition(ConsumerRecord<?, ?> record) {
        return new TopicPartition(record.topic(), record.partition());
    }
}
