package dev.nocturne.runtime;

import dev.nocturne.schemas.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads whole topics without a consumer group, as Kafka Connect's KafkaBasedLog does: to their
 * ends, or on and on; and ranges of offsets again. It commits nothing, and remembers itself how far
 * it has read the topics, all partitions that there are.
 *
 * <p>Its consumer is opened by the first use. An error closes it: the next use opens another and
 * goes on where this one was, so that whoever is to retry calls again. No read waits for brokers
 * without end. Belongs to one thread at a time, except {@link #caughtUp} and {@link #stop}.
 */
public final class TopicReader implements AutoCloseable {

    /** Takes records; what it throws ends the reading. */
    @FunctionalInterface
    public interface Handler<E extends Exception> {
        void read(ConsumerRecord<byte[], byte[]> record) throws E;
    }

    /** Is told how many offsets are read, and how many there are. */
    @FunctionalInterface
    public interface Progress {
        void told(long read, long total);
    }

    /** Where the reading of partitions begins. */
    @FunctionalInterface
    public interface Start {

        Start BEGINNING = Consumer::beginningOffsets;

        Start END = Consumer::endOffsets;

        /** With the first record that is not older. */
        static Start since(Instant oldest) {
            return (consumer, partitions) -> {
                Map<TopicPartition, OffsetAndTimestamp> first =
                        consumer.offsetsForTimes(
                                partitions.stream()
                                        .collect(
                                                Collectors.toMap(
                                                        partition -> partition,
                                                        partition -> oldest.toEpochMilli())));
                Map<TopicPartition, Long> offsets = new HashMap<>(consumer.endOffsets(partitions));
                offsets.replaceAll(
                        (partition, end) -> {
                            OffsetAndTimestamp at = first.get(partition);
                            return at == null ? end : at.offset();
                        });
                return offsets;
            };
        }

        Map<TopicPartition, Long> offsets(Consumer<?, ?> consumer, Set<TopicPartition> partitions);
    }

    private static final Logger LOG = LoggerFactory.getLogger(TopicReader.class);

    private static final Duration POLL = Duration.ofSeconds(1);

    /** New partitions are found after this, see Kafka's {@code metadata.max.age.ms}. */
    private static final Duration FIND_PARTITIONS = Duration.ofSeconds(5);

    private final String name;
    private final TopicPartitions partitions;
    private final Start start;
    private final WakeableConsumer consumer;
    private final ReadBarriers barriers = new ReadBarriers();
    private final Map<TopicPartition, Long> next = new HashMap<>(); // offset to be read next
    private boolean isAtTopics; // whether the consumer stands there, and not in a range

    public TopicReader(KafkaSettings kafka, String name, Topic<?> topic, Start start) {
        this(kafka.consumer(), name, List.of(topic.name()), start);
    }

    /**
     * @param config of the consumer, see {@link KafkaSettings#consumer()}
     * @param name of what is read, for messages: "the job log"
     * @param start where the reading of each partition begins, also of one that is added later
     */
    public TopicReader(
            Map<String, Object> config, String name, Collection<String> topics, Start start) {
        this.name = name;
        this.partitions = new TopicPartitions(name, topics);
        this.start = start;
        Map<String, Object> ownConfig = new HashMap<>(config);
        ownConfig.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, (int) FIND_PARTITIONS.toMillis());
        ownConfig.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        consumer = new WakeableConsumer(() -> new KafkaConsumer<>(ownConfig));
    }

    // ---- the topics

    /**
     * Reads what is in the topics at the call and was not read before.
     *
     * @param progress told after every poll
     * @return the ends that it has read to
     * @throws KafkaException if the brokers do not answer, or refuse; {@link
     *     UnknownTopicOrPartitionException} if a topic is not there
     * @throws WakeupException if it is stopped
     */
    public <E extends Exception> Map<TopicPartition, Long> readToEnd(
            Handler<E> handler, Progress progress) throws E {
        return reading(
                () -> {
                    assignTopics();
                    Map<TopicPartition, Long> ends = consumer.get().endOffsets(next.keySet());
                    long before = sum(next);
                    long total = sum(ends) - before;
                    ReadingSilence silence = new ReadingSilence(name);
                    while (!isReadTo(ends)) {
                        silence.check(pollTopics(POLL, handler));
                        progress.told(Math.min(positions() - before, total), total);
                    }
                    return ends;
                });
    }

    /** As {@link #readToEnd(Handler, Progress)}. */
    public <E extends Exception> Map<TopicPartition, Long> readToEnd(Handler<E> handler) throws E {
        return readToEnd(handler, (read, total) -> {});
    }

    /**
     * Reads what has come into the topics, as far as it is there at once.
     *
     * @param wait at most, if there is nothing
     * @throws KafkaException as {@link #readToEnd}
     */
    public <E extends Exception> void poll(Duration wait, Handler<E> handler) throws E {
        reading(
                () -> {
                    assignTopics();
                    return pollTopics(wait, handler);
                });
    }

    /**
     * Reads on, also partitions that are added meanwhile, until it is stopped, and then returns. If
     * it throws, the records of the last poll come again when it is called again.
     *
     * @param handler given every second, or more often, what has come together; perhaps nothing
     * @throws KafkaException as {@link #readToEnd}; a poll itself waits for brokers that are away
     */
    public void follow(java.util.function.Consumer<ConsumerRecords<byte[], byte[]>> handler) {
        barriers.begin();
        try {
            reading(
                    () -> {
                        assignTopics();
                        long assignedNanos = System.nanoTime();
                        while (true) {
                            ConsumerRecords<byte[], byte[]> records = consumer.get().poll(POLL);
                            handler.accept(records);
                            passed(records);
                            barriers.settle(
                                    () -> consumer.get().endOffsets(next.keySet()), this::isReadTo);
                            if (System.nanoTime() - assignedNanos > FIND_PARTITIONS.toNanos()) {
                                assignTopics();
                                assignedNanos = System.nanoTime();
                            }
                        }
                    });
        } catch (WakeupException e) {
            LOG.debug("{}: no longer followed", name);
        } finally {
            endBarriers();
        }
    }

    /**
     * From any thread: done when {@link #follow} has read everything that is in the topics by now.
     * Fails with a {@link TransientException} once nothing is followed any more.
     */
    public CompletableFuture<Void> caughtUp() {
        return barriers.ask();
    }

    /** The topics are to be read from their start again; gives back what reading has taken. */
    public void restart() {
        closeConsumer();
        next.clear();
    }

    // ---- ranges

    /**
     * Reads a range again, or before its time; it does not change what is read of the topics.
     *
     * @param from offset of the first record, if there is one
     * @param to exclusive
     * @throws KafkaException if the brokers do not answer, or refuse
     */
    public <E extends Exception> void readRange(
            TopicPartition partition, long from, long to, Handler<E> handler) throws E {
        if (from >= to) {
            return;
        }
        reading(
                () -> {
                    assignRanges(Map.of(partition, from));
                    ReadingSilence silence = new ReadingSilence(name);
                    while (consumer.get().position(partition) < to) {
                        ConsumerRecords<byte[], byte[]> records = consumer.get().poll(POLL);
                        for (ConsumerRecord<byte[], byte[]> record : records) {
                            if (record.offset() < to) {
                                handler.read(record);
                            }
                        }
                        silence.check(!records.nextOffsets().isEmpty());
                    }
                    return null;
                });
    }

    /**
     * Reads the records at these offsets, as far as they are there, partition by partition in their
     * order.
     *
     * @throws KafkaException if the brokers do not answer, or refuse
     */
    public <E extends Exception> void readOffsets(
            Map<TopicPartition, ? extends Set<Long>> offsets, Handler<E> handler) throws E {
        WantedOffsets wanted = new WantedOffsets(offsets);
        if (wanted.isEmpty()) {
            return;
        }
        reading(
                () -> {
                    assignRanges(wanted.first());
                    ReadingSilence silence = new ReadingSilence(name);
                    while (!wanted.isEmpty()) {
                        ConsumerRecords<byte[], byte[]> records = consumer.get().poll(POLL);
                        for (ConsumerRecord<byte[], byte[]> record : records) {
                            if (wanted.take(record)) {
                                handler.read(record);
                            }
                        }
                        silence.check(!records.nextOffsets().isEmpty());
                        wanted.seek(consumer.get());
                    }
                    return null;
                });
    }

    /**
     * The offset of the first record that the partition may hold.
     *
     * @throws KafkaException if the brokers do not answer, or refuse
     */
    public long beginning(TopicPartition partition) {
        return reading(() -> open().beginningOffsets(List.of(partition)).get(partition));
    }

    /**
     * The offset after the last record that can be read.
     *
     * @throws KafkaException if the brokers do not answer, or refuse
     */
    public long end(TopicPartition partition) {
        return reading(() -> open().endOffsets(List.of(partition)).get(partition));
    }

    // ---- the consumer

    @FunctionalInterface
    private interface Reading<T, E extends Exception> {
        T read() throws E;
    }

    /** What has gone wrong leaves nothing behind. */
    private <T, E extends Exception> T reading(Reading<T, E> reading) throws E {
        boolean done = false;
        try {
            T result = reading.read();
            done = true;
            return result;
        } finally {
            if (!done) {
                closeConsumer();
            }
        }
    }

    private Consumer<byte[], byte[]> open() {
        if (consumer.get() == null) {
            consumer.open();
        }
        return consumer.get();
    }

    /** All partitions that there are now, each where its reading goes on. */
    private void assignTopics() {
        open();
        Set<TopicPartition> found = partitions.find(consumer.get());
        if (isAtTopics && found.equals(next.keySet())) {
            return;
        }
        partitions.tellOfChanges(next.keySet(), found);
        Set<TopicPartition> added = new HashSet<>(found);
        added.removeAll(next.keySet());
        if (!added.isEmpty()) {
            next.putAll(start.offsets(consumer.get(), added));
        }
        next.keySet().retainAll(found);
        consumer.get().assign(found);
        next.forEach(consumer.get()::seek);
        isAtTopics = true;
    }

    private void assignRanges(Map<TopicPartition, Long> first) {
        open();
        isAtTopics = false;
        consumer.get().assign(first.keySet());
        first.forEach(consumer.get()::seek);
    }

    /**
     * @return whether it got on
     */
    private <E extends Exception> boolean pollTopics(Duration wait, Handler<E> handler) throws E {
        ConsumerRecords<byte[], byte[]> records = consumer.get().poll(wait);
        for (ConsumerRecord<byte[], byte[]> record : records) {
            handler.read(record);
            next.put(partition(record), record.offset() + 1);
        }
        passed(records);
        return !records.nextOffsets().isEmpty();
    }

    /** Also what is no record, as the markers of transactions. */
    private void passed(ConsumerRecords<?, ?> records) {
        records.nextOffsets().forEach((partition, at) -> next.put(partition, at.offset()));
    }

    private boolean isReadTo(Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream()
                .allMatch(end -> consumer.get().position(end.getKey()) >= end.getValue());
    }

    private long positions() {
        return next.keySet().stream().mapToLong(consumer.get()::position).sum();
    }

    private static long sum(Map<TopicPartition, Long> offsets) {
        return offsets.values().stream().mapToLong(Long::longValue).sum();
    }

    private static TopicPartition partition(ConsumerRecord<?, ?> record) {
        return new TopicPartition(record.topic(), record.partition());
    }

    private void closeConsumer() {
        isAtTopics = false;
        consumer.closeAtOnce();
    }

    private void endBarriers() {
        barriers.end(new TransientException("%s is closed".formatted(name), null));
    }

    /** From any thread: ends {@link #follow}, or whatever else is read, for good. */
    public void stop() {
        consumer.stop();
    }

    @Override
    public void close() {
        endBarriers();
        closeConsumer();
    }
}
