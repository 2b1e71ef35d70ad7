package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.RequestRef;
import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which requests have a result, for a group that has no offset where there are records: brokers
 * forget the offsets of a group that was empty for a week, and records may be older. What is
 * finished is not done again then. Belongs to the poll thread, but for the reading.
 */
final class FinishedRequests<I> {

    private static final Logger LOG = LoggerFactory.getLogger(FinishedRequests.class);

    private final String stage;
    private final Topic<?> input;
    private final KafkaSettings kafka;
    private final Clock clock;
    private final Executor executor;
    private final Runnable wakeUp;

    /** By partition the offset before which records may be finished. */
    private final Map<TopicPartition, Long> ends = new HashMap<>();

    private CompletableFuture<Set<String>> keys; // null while nobody needs them

    /**
     * @param executor reads the results, which may take minutes
     * @param wakeUp called when they are read
     */
    FinishedRequests(
            Stage<?> stage, KafkaSettings kafka, Clock clock, Executor executor, Runnable wakeUp) {
        this.stage = stage.name();
        input = stage.input();
        this.kafka = kafka;
        this.clock = clock;
        this.executor = executor;
        this.wakeUp = wakeUp;
    }

    /**
     * Whether records of partitions without a committed offset may be polled: there are none, or
     * the results are known. To be asked again until it is so.
     *
     * @throws KafkaException if the brokers are away
     */
    boolean areKnownFor(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        Map<TopicPartition, Long> starts = consumer.beginningOffsets(partitions);
        Map<TopicPartition, Long> held = new HashMap<>(consumer.endOffsets(partitions));
        held.entrySet().removeIf(end -> end.getValue() <= starts.get(end.getKey()));
        if (held.isEmpty()) {
            return true;
        }
        if (keys == null) {
            keys = CompletableFuture.supplyAsync(this::read, executor);
            keys.whenComplete((read, error) -> wakeUp.run());
        }
        if (!keys.isDone()) {
            return false;
        }
        if (keys.isCompletedExceptionally()) {
            keys = null;
            return false;
        }
        ends.putAll(held);
        LOG.info(
                "STG-24 {}: its group has no offsets in {} partitions that hold records: those of {} finished requests are passed over",
                stage,
                held.size(),
                keys.join().size());
        return true;
    }

    /** To be asked once about each record, in their order. */
    boolean contain(Input<I> one) {
        if (ends.isEmpty()) {
            return false;
        }
        ConsumerRecord<?, ?> record = one.record();
        Long end = ends.get(one.partition());
        if (end == null) {
            return false;
        }
        if (record.offset() >= end) {
            lost(List.of(one.partition()));
            return false;
        }
        RequestRef request = one.request();
        return request != null
                && record.headers().lastHeader(DeadLetters.REPLAY_OF) == null
                && keys.join().contains(Ids.key(request.getJobId(), request.getRequestId()));
    }

    void lost(Collection<TopicPartition> partitions) {
        ends.keySet().removeAll(partitions);
        if (ends.isEmpty() && keys != null && keys.isDone()) {
            keys = null; // they grow old
        }
    }

    private Set<String> read() {
        Set<String> read = new HashSet<>();
        try (TopicReader reader =
                new TopicReader(kafka, "the log of results", Topics.RESULTS, start())) {
            reader.readToEnd(
                    record -> {
                        if (record.key() != null) {
                            read.add(new String(record.key(), UTF_8));
                        }
                    });
            return read;
        } catch (KafkaException e) {
            LOG.warn("STG-24 {}: results not read, tried again: {}", stage, e.getMessage());
            throw e;
        }
    }

    /** No record of the input is older than its retention and a segment's time, as much again. */
    private TopicReader.Start start() {
        return kafka.topics()
                .retention(input)
                .map(retention -> clock.instant().minus(retention.multipliedBy(2)))
                .map(TopicReader.Start::since)
                .orElse(TopicReader.Start.BEGINNING);
    }
}
