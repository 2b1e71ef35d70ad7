package dev.nocturne.ingest;

import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the events of jobs and the results from their beginning, then follows them. It belongs to
 * no consumer group and commits nothing: the topics are the state, and every start replays them.
 */
final class JobLog implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JobLog.class);
    private static final Duration POLL = Duration.ofSeconds(1);

    private static final List<Topic<?>> TOPICS =
            List.of(Topics.JOBS, Topics.JOB_EVENTS, Topics.RESULTS);

    /** Takes what is read, on the reading thread. */
    interface Listener {
        void read(JobSubmitted event);

        void read(JobEvent event);

        void read(RequestFinished event, int partition, long offset);
    }

    /** Done once the positions have reached the ends. */
    private record Barrier(Map<TopicPartition, Long> ends, CompletableFuture<Void> reached) {}

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Listener listener;
    private final Queue<CompletableFuture<Void>> asked = new ConcurrentLinkedQueue<>();
    private final List<Barrier> barriers = new ArrayList<>(); // the reading thread's own

    JobLog(KafkaSettings kafka, Listener listener) {
        this.consumer = new KafkaConsumer<>(kafka.consumer());
        this.listener = listener;
    }

    /**
     * Calls the listener, on this thread, until {@link #stop}.
     *
     * @param caughtUp called once, when everything has been read that was there at the start
     * @throws TransientException if a topic is not on the brokers yet
     * @throws org.apache.kafka.common.KafkaException if the brokers do not answer at the start, or
     *     refuse
     */
    void follow(Runnable caughtUp) {
        try {
            List<TopicPartition> partitions = TOPICS.stream().flatMap(this::partitions).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (!isAt(ends)) {
                consumer.poll(POLL).forEach(this::read);
            }
            caughtUp.run();
            while (true) {
                consumer.poll(POLL).forEach(this::read);
                settle(partitions);
            }
        } catch (WakeupException e) {
            LOG.debug("stopped reading the job log");
        } finally {
            TransientException stopped = new TransientException("the job log is closed", null);
            barriers.forEach(barrier -> barrier.reached.completeExceptionally(stopped));
            asked.forEach(barrier -> barrier.completeExceptionally(stopped));
        }
    }

    /** From any thread: done when everything has been read that is in the log by now. */
    CompletableFuture<Void> caughtUp() {
        CompletableFuture<Void> reached = new CompletableFuture<>();
        asked.add(reached);
        return reached;
    }

    private void settle(List<TopicPartition> partitions) {
        if (!asked.isEmpty()) {
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            for (CompletableFuture<Void> next = asked.poll(); next != null; next = asked.poll()) {
                barriers.add(new Barrier(ends, next));
            }
        }
        barriers.removeIf(
                barrier -> {
                    boolean reached = isAt(barrier.ends);
                    if (reached) {
                        barrier.reached.complete(null);
                    }
                    return reached;
                });
    }

    /** A topic that was created just now is not known to every broker at once. */
    private Stream<TopicPartition> partitions(Topic<?> topic) {
        List<PartitionInfo> partitions = consumer.partitionsFor(topic.name());
        if (partitions == null || partitions.isEmpty()) {
            throw new TransientException("topic %s is not there yet".formatted(topic.name()), null);
        }
        return partitions.stream().map(info -> new TopicPartition(info.topic(), info.partition()));
    }

    private boolean isAt(Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream()
                .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    /** A record that cannot be read changes no job; it would be skipped on every replay alike. */
    private void read(ConsumerRecord<byte[], byte[]> record) {
        try {
            if (record.topic().equals(Topics.JOBS.name())) {
                listener.read(EventCodec.decode(JobSubmitted.class, record.value()));
            } else if (record.topic().equals(Topics.JOB_EVENTS.name())) {
                listener.read(EventCodec.decode(JobEvent.class, record.value()));
            } else {
                listener.read(
                        EventCodec.decode(RequestFinished.class, record.value()),
                        record.partition(),
                        record.offset());
            }
        } catch (MalformedEventException | NumberFormatException e) { // or its request id is none
            LOG.warn(
                    "skipped {}-{} at offset {}: {}",
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    e.getMessage());
        }
    }

    /** From any thread: makes {@link #follow} return. */
    void stop() {
        consumer.wakeup();
    }

    /** From the thread that called {@link #follow}. */
    @Override
    public void close() {
        consumer.close();
    }
}
