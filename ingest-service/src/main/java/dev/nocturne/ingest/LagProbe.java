package dev.nocturne.ingest;

import dev.nocturne.runtime.KafkaSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;

/**
 * Asks the brokers where each stage stands. The workers' own metrics stop when a worker dies, which
 * is when lag is wanted most. Used by one thread.
 */
final class LagProbe implements AutoCloseable {

    private static final int API_TIMEOUT_MILLIS = 10_000;
    private static final Duration HEADS_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration POLL = Duration.ofMillis(100);

    /**
     * Where a stage stands in one partition.
     *
     * @param position next offset to be read, see {@link LagRules#position}
     * @param logEnd end of what is committed by transactions: what the stage could read
     */
    record Standing(
            TopicPartition partition,
            OptionalLong committed,
            long position,
            long logEnd,
            Head head) {}

    /**
     * The first data record at or after a position.
     *
     * @param timestampMillis null if the record could not be read in time, or is not present
     */
    record Head(boolean present, Long timestampMillis) {
        static final Head NONE = new Head(false, null);
        static final Head UNKNOWN = new Head(true, null);
    }

    private record Backlog(long position, long logEnd) {}

    private record KnownHead(Backlog backlog, Head head) {
        /** A record stays where it is; that there is none holds only until the log grows. */
        boolean holdsFor(Backlog other) {
            return head.present() ? backlog.position == other.position : backlog.equals(other);
        }
    }

    private final Admin admin;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, KnownHead> knownHeads = new HashMap<>();

    LagProbe(KafkaSettings kafka) {
        Map<String, Object> adminConfig = kafka.admin();
        adminConfig.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, API_TIMEOUT_MILLIS);
        adminConfig.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, API_TIMEOUT_MILLIS);
        admin = Admin.create(adminConfig);
        Map<String, Object> consumerConfig = kafka.consumer();
        // a single batch is enough to see the timestamp of its first record
        consumerConfig.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 1);
        consumerConfig.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 1);
        consumer = new KafkaConsumer<>(consumerConfig);
    }

    String clusterId() throws ExecutionException, InterruptedException {
        return admin.describeCluster().clusterId().get();
    }

    /**
     * @return for each stage, its partitions in the order of its lanes and their own
     * @throws ExecutionException if the brokers do not answer, with the reason as its cause
     */
    Map<PipelineStage, List<Standing>> probe(List<PipelineStage> stages)
            throws ExecutionException, InterruptedException {
        Map<PipelineStage, Map<TopicPartition, OffsetAndMetadata>> committed = new HashMap<>();
        for (PipelineStage stage : stages) {
            committed.put(stage, committed(stage.group()));
        }
        Map<PipelineStage, List<TopicPartition>> partitions = partitions(stages);
        List<TopicPartition> all = partitions.values().stream().flatMap(List::stream).toList();
        Map<TopicPartition, Long> starts =
                offsets(all, OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED);
        Map<TopicPartition, Long> ends =
                offsets(all, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED);

        Map<TopicPartition, Backlog> backlogs = new HashMap<>();
        for (PipelineStage stage : stages) {
            for (TopicPartition partition : partitions.get(stage)) {
                long position =
                        LagRules.position(
                                offset(committed.get(stage).get(partition)), starts.get(partition));
                backlogs.put(partition, new Backlog(position, ends.get(partition)));
            }
        }
        Map<TopicPartition, Head> heads = heads(backlogs);

        Function<PipelineStage, List<Standing>> standings =
                stage ->
                        partitions.get(stage).stream()
                                .map(
                                        partition ->
                                                new Standing(
                                                        partition,
                                                        offset(committed.get(stage).get(partition)),
                                                        backlogs.get(partition).position(),
                                                        backlogs.get(partition).logEnd(),
                                                        heads.get(partition)))
                                .toList();
        return stages.stream().collect(Collectors.toMap(Function.identity(), standings));
    }

    /**
     * @return for each stage, how many consumers are in its group
     * @throws ExecutionException if the brokers do not answer, with the reason as its cause
     */
    Map<PipelineStage, Integer> members(List<PipelineStage> stages)
            throws ExecutionException, InterruptedException {
        List<String> groups = stages.stream().map(PipelineStage::group).toList();
        Map<String, KafkaFuture<ConsumerGroupDescription>> described =
                admin.describeConsumerGroups(groups).describedGroups();
        Map<PipelineStage, Integer> members = new HashMap<>();
        for (PipelineStage stage : stages) {
            members.put(stage, members(described.get(stage.group())));
        }
        return members;
    }

    private static int members(KafkaFuture<ConsumerGroupDescription> group)
            throws ExecutionException, InterruptedException {
        try {
            return group.get().members().size();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return 0;
            }
            throw e;
        }
    }

    private Map<TopicPartition, OffsetAndMetadata> committed(String group)
            throws ExecutionException, InterruptedException {
        try {
            return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return Map.of();
            }
            throw e;
        }
    }

    private static OptionalLong offset(OffsetAndMetadata committed) {
        return committed == null ? OptionalLong.empty() : OptionalLong.of(committed.offset());
    }

    private Map<PipelineStage, List<TopicPartition>> partitions(List<PipelineStage> stages)
            throws ExecutionException, InterruptedException {
        List<String> topics = stages.stream().flatMap(stage -> stage.topics().stream()).toList();
        Map<String, TopicDescription> descriptions =
                admin.describeTopics(topics).allTopicNames().get();
        Function<String, Stream<TopicPartition>> partitions =
                topic ->
                        descriptions.get(topic).partitions().stream()
                                .map(info -> new TopicPartition(topic, info.partition()));
        return stages.stream()
                .collect(
                        Collectors.toMap(
                                Function.identity(),
                                stage -> stage.topics().stream().flatMap(partitions).toList()));
    }

    private Map<TopicPartition, Long> offsets(
            List<TopicPartition> partitions, OffsetSpec spec, IsolationLevel isolation)
            throws ExecutionException, InterruptedException {
        Map<TopicPartition, OffsetSpec> specs =
                partitions.stream().collect(Collectors.toMap(Function.identity(), p -> spec));
        return admin
                .listOffsets(specs, new ListOffsetsOptions(isolation))
                .all()
                .get()
                .entrySet()
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().offset()));
    }

    private Map<TopicPartition, Head> heads(Map<TopicPartition, Backlog> backlogs) {
        Map<TopicPartition, Head> heads = new HashMap<>();
        Map<TopicPartition, Backlog> unknown = new HashMap<>();
        backlogs.forEach(
                (partition, backlog) -> {
                    KnownHead known = knownHeads.get(partition);
                    if (backlog.position >= backlog.logEnd) {
                        heads.put(partition, Head.NONE);
                    } else if (known != null && known.holdsFor(backlog)) {
                        heads.put(partition, known.head);
                    } else {
                        heads.put(partition, Head.UNKNOWN);
                        unknown.put(partition, backlog);
                    }
                });
        readHeads(unknown)
                .forEach(
                        (partition, head) -> {
                            heads.put(partition, head);
                            knownHeads.put(partition, new KnownHead(backlogs.get(partition), head));
                        });
        return heads;
    }

    /** Those heads that could be read in time. */
    private Map<TopicPartition, Head> readHeads(Map<TopicPartition, Backlog> backlogs) {
        Map<TopicPartition, Head> heads = new HashMap<>();
        Set<TopicPartition> open = new HashSet<>(backlogs.keySet());
        consumer.assign(open);
        backlogs.forEach((partition, backlog) -> consumer.seek(partition, backlog.position));
        long deadline = System.nanoTime() + HEADS_TIMEOUT.toNanos();
        while (!open.isEmpty() && System.nanoTime() < deadline) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            for (TopicPartition partition : records.partitions()) {
                long timestamp = records.records(partition).get(0).timestamp();
                heads.put(partition, new Head(true, timestamp));
            }
            for (TopicPartition partition : Set.copyOf(open)) {
                // past markers and aborted records without meeting a committed one
                if (!heads.containsKey(partition)
                        && consumer.position(partition) >= backlogs.get(partition).logEnd) {
                    heads.put(partition, Head.NONE);
                }
            }
            open.removeAll(heads.keySet());
            consumer.pause(heads.keySet());
        }
        consumer.unsubscribe();
        return heads;
    }

    @Override
    public void close() {
        admin.close(Duration.ZERO);
        consumer.close();
    }
}
