package dev.nocturne.runtime;

import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.runtime.Batch.Processed;
import dev.nocturne.runtime.telemetry.LogFields;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits a stage's offsets: a batch's with what follows from it, and those of what was passed
 * without work with the next batch's, or by themselves. Belongs to the poll thread.
 */
final class Committer<I extends SpecificRecord> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Committer.class);

    private final String stage;
    private final Transactions transactions;
    private final Supplier<Set<TopicPartition>> unfinished;
    private final Deliveries<I> deliveries;
    private final PassedOffsets passed;
    private final StageMetrics metrics;

    /**
     * @param unfinished the partitions of records that wait or are at work: they are not passed
     */
    Committer(
            String stage,
            Transactions transactions,
            Supplier<Set<TopicPartition>> unfinished,
            Deliveries<I> deliveries,
            PassedOffsets passed,
            StageMetrics metrics) {
        this.stage = stage;
        this.transactions = transactions;
        this.unfinished = unfinished;
        this.deliveries = deliveries;
        this.passed = passed;
        this.metrics = metrics;
    }

    /**
     * Commits what is still ours of a batch: outputs, dead letters and offsets in one transaction.
     *
     * @return how long the transaction took
     * @throws TransientException if it is to be tried again with the same arguments
     * @throws FatalException if the brokers refuse
     */
    Duration commit(Batch<I> done, List<Processed<I>> processed, Consumer<?, ?> consumer) {
        List<Processed<I>> ours =
                processed.stream().filter(item -> done.isOurs(item.input())).toList();
        List<ProducerRecord<byte[], byte[]>> records =
                ours.stream().flatMap(item -> item.records().stream()).toList();
        long startNanos = System.nanoTime();
        commit(records, done.offsets(passed.without(unfinished.get())), consumer);
        Duration elapsed = Duration.ofNanos(System.nanoTime() - startNanos);
        for (Processed<I> item : ours) {
            item.rejection().ifPresent(cause -> reportDeadLetter(item.input(), cause));
        }
        metrics.committed(ours.size(), elapsed);
        LOG.info(
                "STG-02 {}: {} records in, {} out, {} ms",
                stage,
                ours.size(),
                records.size(),
                done.age().toMillis());
        return elapsed;
    }

    /**
     * Commits what was passed, if it is due. Only while no record is at work or waits, and not once
     * a stop may have cut a batch short: its records were passed, but not done.
     *
     * @throws FatalException if the brokers refuse
     */
    void commitPassed(Consumer<?, ?> consumer) {
        if (!passed.areDue()) {
            return;
        }
        passed.tried();
        try {
            commit(List.of(), passed.without(List.of()), consumer);
        } catch (TransientException e) {
            LOG.debug("STG-23 {}: passed offsets not committed: {}", stage, e.getMessage());
        }
    }

    private void commit(
            List<ProducerRecord<byte[], byte[]>> records,
            Map<TopicPartition, OffsetAndMetadata> offsets,
            Consumer<?, ?> consumer) {
        transactions.commit(records, offsets, consumer);
        deliveries.committed(offsets);
        passed.committed(offsets);
    }

    private void reportDeadLetter(Input<I> input, PermanentException cause) {
        metrics.deadLetter(cause.reasonCode());
        ConsumerRecord<?, ?> record = input.record();
        LogFields.request(
                input.request(),
                () ->
                        LOG.warn(
                                "STG-03 {}: dead letter {}-{}@{}: {}: {}",
                                stage,
                                record.topic(),
                                record.partition(),
                                record.offset(),
                                cause.reasonCode(),
                                cause.getMessage()));
    }

    @Override
    public void close() {
        transactions.close();
    }
}
