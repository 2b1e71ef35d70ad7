package dev.nocturne.runtime;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;

/**
 * Those who wait until a reader has read what is in its topics by now. Any thread may ask; the rest
 * is the reading thread's.
 */
final class ReadBarriers {

    /** Done once the reader has come to these ends. */
    private record Barrier(Map<TopicPartition, Long> ends, CompletableFuture<Void> reached) {}

    private final Queue<CompletableFuture<Void>> asked = new ArrayDeque<>(); // guarded by itself
    private TransientException ended; // why nothing is read any more; null: it is; likewise
    private final List<Barrier> barriers = new ArrayList<>();

    CompletableFuture<Void> ask() {
        CompletableFuture<Void> reached = new CompletableFuture<>();
        synchronized (asked) {
            if (ended != null) {
                return CompletableFuture.failedFuture(ended);
            }
            asked.add(reached);
        }
        return reached;
    }

    /**
     * @param ends where the topics end now
     * @param isRead whether they are read up to somewhere
     */
    void settle(
            Supplier<Map<TopicPartition, Long>> ends, Predicate<Map<TopicPartition, Long>> isRead) {
        List<CompletableFuture<Void>> waiting;
        synchronized (asked) {
            waiting = List.copyOf(asked);
        }
        if (!waiting.isEmpty()) {
            // still among the asked, so that they learn of it if the brokers do not answer
            Map<TopicPartition, Long> now = ends.get();
            waiting.forEach(reached -> barriers.add(new Barrier(now, reached)));
            synchronized (asked) {
                asked.removeAll(waiting);
            }
        }
        barriers.removeIf(
                barrier -> {
                    boolean reached = isRead.test(barrier.ends);
                    if (reached) {
                        barrier.reached.complete(null);
                    }
                    return reached;
                });
    }

    /** Nothing is read any more: whoever waits, or asks from now on, learns it at once. */
    void end(TransientException reason) {
        barriers.forEach(barrier -> barrier.reached.completeExceptionally(reason));
        barriers.clear();
        synchronized (asked) {
            ended = reason;
            asked.forEach(reached -> reached.completeExceptionally(reason));
            asked.clear();
        }
    }

    /** Reading goes on. */
    void begin() {
        synchronized (asked) {
            ended = null;
        }
    }
}
