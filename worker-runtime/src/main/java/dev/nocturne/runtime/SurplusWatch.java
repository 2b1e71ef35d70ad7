package dev.nocturne.runtime;

import java.time.Duration;
import java.util.Collection;
import java.util.function.LongSupplier;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says of a worker that none of the partitions of its stage is left for it: there are more workers
 * than partitions. Belongs to the poll thread.
 */
final class SurplusWatch {

    /** The runner's, as is every line about it. */
    private static final Logger LOG = LoggerFactory.getLogger(StageRunner.class);

    /** Partitions change hands in several rounds, and wait for a batch at work. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Stage<?> stage;
    private final LongSupplier nanos;
    private long sinceNanos;
    private boolean isSurplus;

    /**
     * @param nanos as {@link System#nanoTime}
     */
    SurplusWatch(Stage<?> stage, LongSupplier nanos) {
        this.stage = stage;
        this.nanos = nanos;
        sinceNanos = nanos.getAsLong();
    }

    /**
     * @param assigned to this worker, now
     * @return whether it is said now
     */
    boolean look(Collection<TopicPartition> assigned) {
        String bulk = stage.input().name();
        if (assigned.stream().anyMatch(partition -> partition.topic().equals(bulk))) {
            sinceNanos = nanos.getAsLong();
            isSurplus = false;
        } else if (!isSurplus && nanos.getAsLong() - sinceNanos > PATIENCE.toNanos()) {
            isSurplus = true;
            LOG.warn(
                    "STG-25 {}: all partitions of {} have other workers, so this one waits: it is one too many, or nocturne topics --raise adds partitions",
                    stage.name(),
                    bulk);
            return true;
        }
        return false;
    }
}
