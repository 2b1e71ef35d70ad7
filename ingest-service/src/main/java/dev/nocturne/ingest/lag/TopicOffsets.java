package dev.nocturne.ingest.lag;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Where the partitions of topics begin and end. One that cannot be asked spoils no other. */
public final class TopicOffsets {

    /**
     * Of one partition.
     *
     * @param lastStable before it is what readers of committed records can see
     * @param end the high watermark
     */
    public record Bounds(long start, long lastStable, long end) {
        /** Whether what somebody has written is not to be read yet, as a transaction is open. */
        public boolean isHeldUp() {
            return lastStable < end;
        }
    }

    private final Map<TopicPartition, Bounds> bounds =
            new TreeMap<>(
                    Comparator.comparing(TopicPartition::topic)
                            .thenComparing(TopicPartition::partition));
    private final Map<String, String> troubles = new HashMap<>(); // by topic

    private TopicOffsets() {}

    public static TopicOffsets ask(Admin admin, Collection<String> topics)
            throws InterruptedException {
        TopicOffsets answer = new TopicOffsets();
        Map<String, KafkaFuture<TopicDescription>> described =
                admin.describeTopics(topics).topicNameValues();
        Map<TopicPartition, OffsetSpec> all = new HashMap<>();
        for (Map.Entry<String, KafkaFuture<TopicDescription>> topic : described.entrySet()) {
            try {
                topic.getValue().get().partitions().stream()
                        .map(info -> new TopicPartition(topic.getKey(), info.partition()))
                        .forEach(partition -> all.put(partition, OffsetSpec.latest()));
            } catch (ExecutionException e) {
                answer.troubles.put(
                        topic.getKey(), reason("topic " + topic.getKey(), e.getCause()));
            }
        }
        // in this order, or an end might lie before what is stable
        Map<TopicPartition, Long> starts =
                answer.offsets(admin, all.keySet(), OffsetSpec.earliest(), false);
        Map<TopicPartition, Long> stable =
                answer.offsets(admin, starts.keySet(), OffsetSpec.latest(), true);
        Map<TopicPartition, Long> ends =
                answer.offsets(admin, stable.keySet(), OffsetSpec.latest(), false);
        ends.forEach(
                (partition, end) ->
                        answer.bounds.put(
                                partition,
                                new Bounds(starts.get(partition), stable.get(partition), end)));
        return answer;
    }

    /** Of those partitions that answer. */
    private Map<TopicPartition, Long> offsets(
            Admin admin, Set<TopicPartition> partitions, OffsetSpec spec, boolean committedOnly)
            throws InterruptedException {
        ListOffsetsResult result =
                admin.listOffsets(
                        partitions.stream()
                                .collect(Collectors.toMap(Function.identity(), one -> spec)),
                        new ListOffsetsOptions(
                                committedOnly
                                        ? IsolationLevel.READ_COMMITTED
                                        : IsolationLevel.READ_UNCOMMITTED));
        Map<TopicPartition, Long> offsets = new HashMap<>();
        for (TopicPartition partition : partitions) {
            try {
                offsets.put(partition, result.partitionResult(partition).get().offset());
            } catch (ExecutionException e) {
                troubles.putIfAbsent(
                        partition.topic(), reason("partition " + partition, e.getCause()));
            }
        }
        return offsets;
    }

    private static String reason(String what, Throwable cause) {
        return cause instanceof UnknownTopicOrPartitionException
                ? what + " is not there"
                : "%s cannot be asked: %s".formatted(what, cause.getMessage());
    }

    /** Of one topic, in their order; without those that did not answer. */
    public List<TopicPartition> partitions(String topic) {
        return bounds.keySet().stream().filter(one -> one.topic().equals(topic)).toList();
    }

    public Bounds of(TopicPartition partition) {
        return bounds.get(partition);
    }

    /** Why not all is known of a topic. */
    public Optional<String> trouble(String topic) {
        return Optional.ofNullable(troubles.get(topic));
    }
}
