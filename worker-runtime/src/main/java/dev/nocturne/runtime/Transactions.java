package dev.nocturne.runtime;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Publishes outputs and the offsets they follow from in one transaction. The group's metadata goes
 * with it, so that a worker that has lost its partitions cannot commit. Belongs to the poll thread.
 */
final class Transactions implements AutoCloseable {

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final Supplier<Producer<byte[], byte[]>> producers;
    private Producer<byte[], byte[]> producer; // null: to be made by the next commit
    private boolean inDoubt; // whether an attempt has failed, and may be committed all the same

    /**
     * @param producers make transactional producers of one and the same transactional id
     */
    Transactions(Supplier<Producer<byte[], byte[]>> producers) {
        this.producers = producers;
    }

    /**
     * May be called again with the same arguments after a {@link TransientException}; they are then
     * committed once all the same.
     *
     * @throws TransientException if the brokers are away, or the group is about to rebalance
     * @throws FatalException if the brokers refuse
     */
    void commit(
            List<ProducerRecord<byte[], byte[]>> outputs,
            Map<TopicPartition, OffsetAndMetadata> offsets,
            Consumer<?, ?> consumer) {
        try {
            if (producer == null) {
                producer = producers.get();
                // settles, one way or the other, a transaction that a failed attempt left behind
                producer.initTransactions();
                if (inDoubt && areCommitted(offsets, consumer)) {
                    return;
                }
            }
            List<ProducerRecord<byte[], byte[]>> placed =
                    outputs.stream().map(output -> placed(output, consumer)).toList();
            producer.beginTransaction();
            placed.forEach(producer::send);
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            producer.commitTransaction();
            inDoubt = false;
        } catch (KafkaException e) {
            discardProducer();
            Throwable cause = KafkaSettings.rootCause(e);
            String message =
                    "transaction of %d records: %s: %s"
                            .formatted(
                                    outputs.size(),
                                    cause.getClass().getSimpleName(),
                                    cause.getMessage());
            throw KafkaSettings.isFatal(e)
                    ? new FatalException(message, e)
                    : new TransientException(message, e);
        }
    }

    /**
     * A record whose partition there is. Its topic has fewer than the one that it follows from
     * where somebody has added some to that one alone; all of a request still go to one.
     */
    private ProducerRecord<byte[], byte[]> placed(
            ProducerRecord<byte[], byte[]> record, Consumer<?, ?> consumer) {
        if (record.partition() == null
                || record.partition() < producer.partitionsFor(record.topic()).size()) {
            return record;
        }
        // what the producer knows may be old; of a topic that is not its own the consumer asks
        int partitions = consumer.partitionsFor(record.topic()).size();
        return in(record.partition() % partitions, record);
    }

    /** The same record, for a partition. */
    static ProducerRecord<byte[], byte[]> in(int partition, ProducerRecord<byte[], byte[]> record) {
        return new ProducerRecord<>(
                record.topic(), partition, record.key(), record.value(), record.headers());
    }

    private static boolean areCommitted(
            Map<TopicPartition, OffsetAndMetadata> offsets, Consumer<?, ?> consumer) {
        Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(offsets.keySet());
        return offsets.entrySet().stream()
                .allMatch(
                        offset -> {
                            OffsetAndMetadata there = committed.get(offset.getKey());
                            return there != null && there.offset() >= offset.getValue().offset();
                        });
    }

    /** After an error nobody knows what the brokers did, so the producer is not used again. */
    private void discardProducer() {
        if (producer != null) {
            producer.close(Duration.ZERO);
            producer = null;
            inDoubt = true;
        }
    }

    @Override
    public void close() {
        if (producer != null) {
            producer.close(CLOSE_TIMEOUT);
        }
    }
}
