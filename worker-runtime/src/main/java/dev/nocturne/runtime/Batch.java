package dev.nocturne.runtime;

import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.ReasonCodes;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Records on their way from poll to commit. Belongs to the poll thread, except for {@link
 * #keepGoing}, which the work thread asks, and the future, which it completes.
 */
final class Batch<I extends SpecificRecord> {

    /**
     * A polled record: its event, or why its bytes are none. Exactly one of the two is null.
     *
     * @param lane that of its topic, and of what follows from it
     */
    record Input<I>(
            ConsumerRecord<byte[], byte[]> record,
            Lane lane,
            I event,
            PermanentException malformed) {

        static <I extends SpecificRecord> Input<I> of(
                Stage<I> stage, ConsumerRecord<byte[], byte[]> record) {
            Lane lane = stage.input().lane(record.topic());
            try {
                return new Input<>(record, lane, stage.decode(record), null);
            } catch (PermanentException e) {
                return new Input<>(record, lane, null, e);
            } catch (MalformedEventException e) {
                return new Input<>(
                        record,
                        lane,
                        null,
                        new PermanentException(ReasonCodes.MALFORMED_EVENT, e.getMessage(), e));
            }
        }

        boolean isReadable() {
            return event != null;
        }

        TopicPartition partition() {
            return new TopicPartition(record.topic(), record.partition());
        }
    }

    /** What became of one input. */
    record Processed<I>(
            Input<I> input, List<Outbox.Output> outputs, Optional<PermanentException> rejection) {

        static <I> Processed<I> rejected(Input<I> input, PermanentException cause) {
            return new Processed<>(input, List.of(), Optional.of(cause));
        }
    }

    private final List<Input<I>> inputs;
    private final Set<TopicPartition> revoked = new HashSet<>();
    private final long sinceNanos = System.nanoTime();
    private CompletableFuture<List<Processed<I>>> work;
    private int failures;
    private long dueNanos = sinceNanos;
    private volatile boolean keepGoing = true;

    Batch(List<Input<I>> inputs) {
        this.inputs = List.copyOf(inputs);
    }

    List<Input<I>> inputs() {
        return inputs;
    }

    /** The attempt at the work that is under way or done; empty: to be made. */
    Optional<CompletableFuture<List<Processed<I>>>> work() {
        return Optional.ofNullable(work);
    }

    void work(CompletableFuture<List<Processed<I>>> attempt) {
        work = attempt;
    }

    /** The next attempt does the work again. */
    void discardWork() {
        work = null;
    }

    /** Counts a failed attempt, of the work or of the commit, and puts the next one off. */
    void postpone(Backoff backoff) {
        failures++;
        dueNanos = System.nanoTime() + backoff.delay(failures).toNanos();
    }

    int failures() {
        return failures;
    }

    /** Until the next attempt; negative once it is due. */
    Duration untilDue() {
        return Duration.ofNanos(dueNanos - System.nanoTime());
    }

    boolean isDue() {
        return untilDue().compareTo(Duration.ZERO) <= 0;
    }

    Duration age() {
        return Duration.ofNanos(System.nanoTime() - sinceNanos);
    }

    /** These partitions belong to another worker now, and so do their records in this batch. */
    void revoke(Collection<TopicPartition> partitions) {
        revoked.addAll(partitions);
        if (inputs.stream().noneMatch(this::isOurs)) {
            cancel();
        }
    }

    void cancel() {
        keepGoing = false;
    }

    boolean keepGoing() {
        return keepGoing;
    }

    boolean isOurs(Input<I> input) {
        return !revoked.contains(input.partition());
    }

    /** The offsets after the last record of each partition that is still ours. */
    Map<TopicPartition, OffsetAndMetadata> offsets() {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (Input<I> input : inputs) {
            if (isOurs(input)) {
                ConsumerRecord<?, ?> record = input.record();
                offsets.put(
                        input.partition(),
                        new OffsetAndMetadata(record.offset() + 1, record.leaderEpoch(), ""));
            }
        }
        return offsets;
    }
}
