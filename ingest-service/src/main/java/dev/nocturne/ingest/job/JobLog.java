package dev.nocturne.ingest.job;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
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
public final class JobLog implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JobLog.class);
    private static final Duration POLL = Duration.ofSeconds(1);

    /** New partitions are found after this, see Kafka's {@code metadata.max.age.ms}. */
    private static final Duration LOOK = Duration.ofSeconds(15);

    static final List<Topic<?>> TOPICS =
            List.of(Topics.JOBS, Topics.JOB_EVENTS, Topics.RESULTS, Topics.DEPLOYMENTS);

    /** Takes what is read, on the reading thread. */
    public interface Listener {
        void read(JobSubmitted event);

        void read(JobEvent event);

        void read(RequestFinished event, int partition, long offset);

        void read(BundleDeployed event);
    }

    /** Done once the positions have reached the ends. */
    private record Barrier(Map<TopicPartition, Long> ends, CompletableFuture<Void> reached) {}

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Listener listener;
    private final SkippedRecords skipped;
    private final Queue<CompletableFuture<Void>> asked = new ArrayDeque<>(); // guarded by itself
    private boolean ended; // nobody reads any more; guarded by asked
    private final List<Barrier> barriers = new ArrayList<>(); // the reading thread's own
    private Set<TopicPartition> partitions = Set.of(); // likewise

    public JobLog(KafkaSettings kafka, Listener listener, SkippedRecords skipped) {
        Map<String, Object> config = new HashMap<>(kafka.consumer());
        config.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, (int) LOOK.toMillis());
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        this.consumer = new KafkaConsumer<>(config);
        this.listener = listener;
        this.skipped = skipped;
    }

    /**
     * Calls the listener, on this thread, until {@link #stop}.
     *
     * @param progress told after every step how much is read, until that is everything
     * @param caughtUp called once, when everything has been read that was there at the start
     * @throws TransientException if a topic is not on the brokers
     * @throws org.apache.kafka.common.KafkaException if the brokers do not answer at the start, or
     *     refuse
     */
    public void follow(Consumer<Progress> progress, Runnable caughtUp) {
        try {
            assignAll();
            readToTheEnds(progress);
            caughtUp.run();
            long lookedNanos = System.nanoTime();
            while (true) {
                consumer.poll(POLL).forEach(this::read);
                settle();
                if (System.nanoTime() - lookedNanos > LOOK.toNanos()) {
                    assignAll();
                    lookedNanos = System.nanoTime();
                }
            }
        } catch (WakeupException e) {
            LOG.debug("stopped reading the job log");
        } finally {
            end();
        }
    }

    /** How far the log has been read, in offsets. */
    public record Progress(long read, long total) {
        @Override
        public String toString() {
            return "reading the job log: %d of %d records (%d %%)"
                    .formatted(read, total, total == 0 ? 100 : 100 * read / total);
        }
    }

    private void readToTheEnds(Consumer<Progress> progress) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        Map<TopicPartition, Long> starts = consumer.beginningOffsets(partitions);
        long before = sum(starts);
        long total = sum(ends) - before;
        while (!isAt(ends)) {
            consumer.poll(POLL).forEach(this::read);
            long read = partitions.stream().mapToLong(consumer::position).sum() - before;
            progress.accept(new Progress(Math.min(read, total), total));
        }
    }

    private static long sum(Map<TopicPartition, Long> offsets) {
        return offsets.values().stream().mapToLong(Long::longValue).sum();
    }

    /** All partitions that there are now; what is new among them is read from its beginning. */
    private void assignAll() {
        Set<TopicPartition> found =
                TOPICS.stream().flatMap(this::partitions).collect(Collectors.toSet());
        if (found.equals(partitions)) {
            return;
        }
        if (!partitions.isEmpty()) {
            for (Topic<?> topic : TOPICS) {
                long now = count(topic, found);
                long before = count(topic, partitions);
                if (now != before) {
                    LOG.warn(
                            "ING-06 topic {} has {} partitions, before it had {}: all are read",
                            topic.name(),
                            now,
                            before);
                }
            }
        }
        consumer.assign(found);
        consumer.seekToBeginning(
                found.stream().filter(partition -> !partitions.contains(partition)).toList());
        partitions = found;
    }

    private static long count(Topic<?> topic, Set<TopicPartition> partitions) {
        return partitions.stream().filter(one -> one.topic().equals(topic.name())).count();
    }

    /** Nothing is read any more: whoever waits, or asks from now on, learns it at once. */
    private void end() {
        TransientException stopped = new TransientException("the job log is closed", null);
        barriers.forEach(barrier -> barrier.reached.completeExceptionally(stopped));
        synchronized (asked) {
            ended = true;
            asked.forEach(barrier -> barrier.completeExceptionally(stopped));
            asked.clear();
        }
    }

    /** From any thread: done when everything has been read that is in the log by now. */
    public CompletableFuture<Void> caughtUp() {
        CompletableFuture<Void> reached = new CompletableFuture<>();
        synchronized (asked) {
            if (ended) {
                return CompletableFuture.failedFuture(
                        new TransientException("the job log is closed", null));
            }
            asked.add(reached);
        }
        return reached;
    }

    private void settle() {
        List<CompletableFuture<Void>> waiting;
        synchronized (asked) {
            waiting = List.copyOf(asked);
        }
        if (!waiting.isEmpty()) {
            // still among the asked, so that they learn of it if the brokers do not answer
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            waiting.forEach(reached -> barriers.add(new Barrier(ends, reached)));
            synchronized (asked) {
                asked.removeAll(waiting);
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
            throw new TransientException("topic %s is not there".formatted(topic.name()), null);
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
                listener.read(LogRecords.jobSubmitted(record));
            } else if (record.topic().equals(Topics.JOB_EVENTS.name())) {
                listener.read(LogRecords.jobEvent(record));
            } else if (record.topic().equals(Topics.DEPLOYMENTS.name())) {
                listener.read(EventCodec.decode(BundleDeployed.class, record.value()));
            } else {
                listener.read(
                        LogRecords.requestFinished(record), record.partition(), record.offset());
            }
        } catch (RuntimeException | StackOverflowError | AssertionError e) {
            skipped.add(record, e); // whatever it is, the next start would meet it again
        }
    }

    /** From any thread: makes {@link #follow} return. */
    public void stop() {
        consumer.wakeup();
    }

    /** From the thread that called {@link #follow}, or would have. */
    @Override
    public void close() {
        end();
        consumer.close();
    }
}
