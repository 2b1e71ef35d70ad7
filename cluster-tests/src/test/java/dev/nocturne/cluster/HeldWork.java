package dev.nocturne.cluster;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * The records that waited for a service when it died, and how long it took until somebody had
 * committed them: seen from outside, in the offsets of its consumer groups.
 */
final class HeldWork implements AutoCloseable {
    private static final long LOOK_MILLIS = 100;
    private static final Duration POLL = Duration.ofMillis(100);

    private final Admin admin;
    private final List<String> groups;
    private final long diedNanos;

    /** Of partitions with records that waited: the group's offset when its member died. */
    private final Map<String, Map<TopicPartition, Long>> held = new HashMap<>();

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread looking = new Thread(this::look, "held-work");
    private volatile long longestNanos;
    private volatile Set<TopicPartition> stillHeld = Set.of();

    /** To be made right after the service has died. */
    HeldWork(Night night, List<String> groups) throws ExecutionException, InterruptedException {
        diedNanos = System.nanoTime();
        this.groups = groups;
        admin = night.admin();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(night.kafka().consumer())) {
            for (String group : groups) {
                Map<TopicPartition, Long> committed = committed(group);
                committed.keySet().removeIf(partition -> !waits(consumer, partition, committed));
                held.put(group, committed);
            }
        }
        looking.setDaemon(true);
        looking.start();
    }

    private Map<TopicPartition, Long> committed(String group)
            throws ExecutionException, InterruptedException {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        for (Map.Entry<TopicPartition, OffsetAndMetadata> entry :
                admin.listConsumerGroupOffsets(group)
                        .partitionsToOffsetAndMetadata()
                        .get()
                        .entrySet()) {
            if (entry.getValue() != null) {
                offsets.put(entry.getKey(), entry.getValue().offset());
            }
        }
        return offsets;
    }

    /** A record, and not only the marker of a transaction. */
    private static boolean waits(
            KafkaConsumer<byte[], byte[]> consumer,
            TopicPartition partition,
            Map<TopicPartition, Long> committed) {
        consumer.assign(List.of(partition));
        consumer.seek(partition, committed.get(partition));
        long end = consumer.endOffsets(List.of(partition)).get(partition);
        while (consumer.position(partition) < end) {
            if (!consumer.poll(POLL).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private void look() {
        Map<String, Set<TopicPartition>> waiting = new HashMap<>();
        held.forEach((group, offsets) -> waiting.put(group, new HashSet<>(offsets.keySet())));
        try {
            do {
                for (String group : groups) {
                    Map<TopicPartition, Long> now = committed(group);
                    boolean moved =
                            waiting.get(group)
                                    .removeIf(
                                            partition ->
                                                    now.getOrDefault(partition, -1L)
                                                            > held.get(group).get(partition));
                    if (moved) {
                        longestNanos = System.nanoTime() - diedNanos;
                    }
                }
                Set<TopicPartition> left = new HashSet<>();
                waiting.values().forEach(left::addAll);
                stillHeld = left;
                if (left.isEmpty()) {
                    return;
                }
            } while (!closed.await(LOOK_MILLIS, TimeUnit.MILLISECONDS));
        } catch (ExecutionException e) {
            throw new IllegalStateException("offsets cannot be read", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether there was any. */
    boolean isEmpty() {
        return held.values().stream().allMatch(Map::isEmpty);
    }

    Set<TopicPartition> stillHeld() {
        return stillHeld;
    }

    /** From the death to the first commit of the partition that waited longest. */
    Duration longest() {
        return Duration.ofNanos(longestNanos);
    }

    @Override
    public void close() throws InterruptedException {
        closed.countDown();
        looking.join();
        admin.close();
    }
}
