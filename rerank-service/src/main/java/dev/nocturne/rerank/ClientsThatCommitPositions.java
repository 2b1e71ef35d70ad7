package dev.nocturne.rerank;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaClientSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Streams commits a partition from the first record on that it processes there, also past
 * transaction markers, and nothing before. Lag tools take a partition without a commit, or with
 * markers behind it, for a backlog; so its main consumer commits where it stands until that record
 * comes. Nothing of such a partition is being worked on, so nothing can be passed.
 */
final class ClientsThatCommitPositions implements KafkaClientSupplier {

    private static final Logger LOG = LoggerFactory.getLogger(ClientsThatCommitPositions.class);
    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** The stream thread has other things to do. */
    private static final Duration ANSWER = Duration.ofSeconds(5);

    /** In the place of what is committed where nothing is. */
    private static final OffsetAndMetadata NOTHING = new OffsetAndMetadata(0);

    @Override
    public Admin getAdmin(Map<String, Object> config) {
        return Admin.create(config);
    }

    @Override
    public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public Consumer<byte[], byte[]> getConsumer(Map<String, Object> config) {
        return new MainConsumer(config);
    }

    @Override
    public Consumer<byte[], byte[]> getRestoreConsumer(Map<String, Object> config) {
        return new KafkaConsumer<>(
                config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Override
    public Consumer<byte[], byte[]> getGlobalConsumer(Map<String, Object> config) {
        return getRestoreConsumer(config);
    }

    /** Belongs to the stream thread. */
    private static final class MainConsumer extends KafkaConsumer<byte[], byte[]> {

        /** Partitions of which Streams has got a record. */
        private final Set<TopicPartition> streaming = new HashSet<>();

        /** By any other partition what is committed, which has metadata of Streams. */
        private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();

        /** Of those, which have moved since. */
        private final Set<TopicPartition> moved = new HashSet<>();

        private long lastNanos = System.nanoTime();

        MainConsumer(Map<String, Object> config) {
            super(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        }

        @Override
        public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
            ConsumerRecords<byte[], byte[]> records = super.poll(timeout);
            Set<TopicPartition> assigned = assignment();
            streaming.addAll(records.partitions());
            streaming.retainAll(assigned);
            committed.keySet().retainAll(assigned);
            committed.keySet().removeAll(streaming);
            moved.addAll(records.nextOffsets().keySet());
            moved.retainAll(committed.keySet());
            boolean allKnown = committed.size() + streaming.size() == assigned.size();
            if ((!moved.isEmpty() || !allKnown)
                    && System.nanoTime() - lastNanos >= PERIOD.toNanos()) {
                lastNanos = System.nanoTime();
                commitPositions(assigned);
            }
            return records;
        }

        private void commitPositions(Set<TopicPartition> assigned) {
            try {
                Set<TopicPartition> unknown = new HashSet<>(assigned);
                unknown.removeAll(streaming);
                unknown.removeAll(committed.keySet());
                if (!unknown.isEmpty()) {
                    committed(unknown, ANSWER)
                            .forEach(
                                    (partition, there) -> {
                                        committed.put(partition, there == null ? NOTHING : there);
                                        moved.add(partition);
                                    });
                }
                Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
                for (TopicPartition partition : moved) {
                    OffsetAndMetadata there = committed.get(partition);
                    long position = position(partition, ANSWER);
                    if (there == NOTHING || there.offset() != position) {
                        positions.put(partition, new OffsetAndMetadata(position, there.metadata()));
                    }
                }
                if (!positions.isEmpty()) {
                    commitSync(positions, ANSWER);
                    committed.putAll(positions);
                }
                moved.clear();
            } catch (KafkaException e) { // a rebalance, or brokers that are away: tried again
                LOG.debug("positions not committed: {}", e.getMessage());
            }
        }
    }
}
