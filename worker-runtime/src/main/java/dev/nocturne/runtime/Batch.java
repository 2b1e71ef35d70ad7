package dev.nocturne.runtime;

import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Violation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Records on their way from poll to commit. Belongs to the poll thread, except for {@link
 * #keepGoing}, which the work thread asks, {@link #workedFor}, which it tells, and the future,
 * which it completes.
 */
final class Batch<I extends SpecificRecord> {

    /**
     * A polled record: its event, or why there is none, or neither while it is unread.
     *
     * @param lane that of its topic, and of what follows from it
     * @param event null if unread or rejected
     * @param request which the event belongs to; null if that is not known
     * @param rejection null unless it can never succeed
     * @param deliveries of an unread record so far
     */
    record Input<I>(
            ConsumerRecord<byte[], byte[]> record,
            Lane lane,
            I event,
            RequestRef request,
            PermanentException rejection,
            int deliveries) {

        /** In place of deliveries: it is unread for no fault of its own. */
        static final int UNCOUNTED = -1;

        /**
         * Whatever a record holds and whatever reading it throws, it is an input.
         *
         * @throws TransientException the stage's, which cannot tell yet
         */
        static <I extends SpecificRecord> Input<I> of(
                Stage<I> stage, ConsumerRecord<byte[], byte[]> record) {
            Lane lane = stage.input().lane(record.topic());
            RequestRef request = null;
            try {
                I event = stage.decode(record);
                request = stage.request(event);
                Optional<Violation> violation = stage.validate(event);
                if (violation.isEmpty()) {
                    return new Input<>(record, lane, event, request, null, 0);
                }
                return new Input<>(
                        record,
                        lane,
                        null,
                        request,
                        new PermanentException(violation.get().code(), violation.get().message()),
                        0);
            } catch (TransientException e) {
                throw e;
            } catch (Throwable e) {
                return new Input<>(record, lane, null, request, unreadable(e), 0);
            }
        }

        private static PermanentException unreadable(Throwable e) {
            if (e instanceof PermanentException permanent) {
                return permanent;
            }
            return e instanceof MalformedEventException
                    ? new PermanentException(ReasonCodes.MALFORMED_EVENT, e.getMessage(), e)
                    : PermanentException.unexpected(ReasonCodes.MALFORMED_EVENT, e);
        }

        /**
         * To be read, by {@link #of}, when it is its turn.
         *
         * @param deliveries or {@link #UNCOUNTED}
         */
        static <I extends SpecificRecord> Input<I> unread(
                Stage<I> stage, ConsumerRecord<byte[], byte[]> record, int deliveries) {
            Lane lane = stage.input().lane(record.topic());
            return new Input<>(record, lane, null, null, null, deliveries);
        }

        /** Not read at all. */
        static <I extends SpecificRecord> Input<I> rejected(
                Stage<I> stage, ConsumerRecord<byte[], byte[]> record, PermanentException cause) {
            Lane lane = stage.input().lane(record.topic());
            return new Input<>(record, lane, null, null, cause, 0);
        }

        boolean isReadable() {
            return event != null;
        }

        boolean isUnread() {
            return event == null && rejection == null;
        }

        TopicPartition partition() {
            return new TopicPartition(record.topic(), record.partition());
        }
    }

    /**
     * What became of one input.
     *
     * @param records to publish: what follows from it, and of a rejected one its dead letter
     */
    record Processed<I>(
            Input<I> input,
            List<ProducerRecord<byte[], byte[]>> records,
            Optional<PermanentException> rejection) {}

    /** What is to be done with a batch, or is being done. */
    enum State {
        /** An attempt has failed, and the next one is not due. */
        POSTPONED,
        /** An attempt at its work is to be made. */
        UNWORKED,
        AT_WORK,
        /** An attempt at its work has ended: its outcome is to be committed. */
        WORKED,
        /** Nobody wants it any more. */
        CANCELLED
    }

    private final List<Input<I>> inputs;
    private final Backoff backoff;
    private final Set<TopicPartition> revoked = new HashSet<>();
    private final long sinceNanos;
    private CompletableFuture<List<Processed<I>>> work; // null: to be begun
    private Map<TopicPartition, OffsetAndMetadata> offsets; // null before the first commit
    private int failures;
    private long dueNanos;
    private volatile boolean keepGoing = true;
    private volatile long workNanos;

    /**
     * @param backoff between attempts, and how many there are
     */
    Batch(List<Input<I>> inputs, Backoff backoff) {
        this(inputs, backoff, System.nanoTime());
    }

    private Batch(List<Input<I>> inputs, Backoff backoff, long sinceNanos) {
        this.inputs = List.copyOf(inputs);
        this.backoff = backoff;
        this.sinceNanos = sinceNanos;
        dueNanos = sinceNanos;
    }

    State state() {
        if (!isDue()) {
            return State.POSTPONED;
        }
        if (work != null && !work.isDone()) {
            return State.AT_WORK;
        }
        if (!keepGoing) {
            return State.CANCELLED;
        }
        return work == null ? State.UNWORKED : State.WORKED;
    }

    List<Input<I>> inputs() {
        return inputs;
    }

    /** The one record of a batch whose delivery is to be counted before the work. */
    Optional<Input<I>> unread() {
        return inputs.stream()
                .filter(input -> input.isUnread() && input.deliveries() != Input.UNCOUNTED)
                .findFirst();
    }

    /** Whether it is a record that could not be read yet, for something outside is away. */
    boolean waitsToBeRead() {
        return inputs.stream().anyMatch(input -> input.deliveries() == Input.UNCOUNTED);
    }

    /** An attempt at the work has begun. */
    void begin(CompletableFuture<List<Processed<I>>> attempt) {
        work = attempt;
    }

    boolean hasSucceeded() {
        return state() == State.WORKED && !work.isCompletedExceptionally();
    }

    /** How long the attempt took that succeeded. */
    void workedFor(Duration time) {
        workNanos = time.toNanos();
    }

    Duration workTime() {
        return Duration.ofNanos(workNanos);
    }

    /**
     * Whether another may be committed with it. Not once some partition was revoked, since it may
     * have come back for the other one, nor once a commit was tried, whose offsets stay.
     */
    boolean canBeJoined() {
        return state() == State.WORKED && revoked.isEmpty() && offsets == null;
    }

    /**
     * Both, worked on one after the other, to be committed together.
     *
     * @param next one that has succeeded; its records come after this one's in every partition
     */
    Batch<I> joined(Batch<I> next) {
        List<Input<I>> both = new ArrayList<>(inputs);
        both.addAll(next.inputs);
        List<Processed<I>> outcomes = new ArrayList<>(outcome());
        outcomes.addAll(next.outcome());
        Batch<I> joined = new Batch<>(both, backoff, sinceNanos);
        joined.work = CompletableFuture.completedFuture(List.copyOf(outcomes));
        joined.workNanos = workNanos + next.workNanos;
        return joined;
    }

    /**
     * What became of the inputs. After a {@link TransientException} the next attempt does the work
     * again.
     *
     * @throws TransientException if another attempt is to be made
     * @throws FatalException if that was the last one
     * @throws CompletionException with whatever else the work has thrown
     */
    List<Processed<I>> outcome() {
        try {
            return work.join();
        } catch (CompletionException e) {
            if (!(e.getCause() instanceof TransientException cause)) {
                throw e;
            }
            work = null;
            if (failures + 1 >= backoff.attempts() && !waitsToBeRead()) {
                throw new FatalException(
                        "%s (gave up after %d attempts; nothing is lost, start again when it is mended)"
                                .formatted(cause.getMessage(), failures + 1),
                        cause);
            }
            throw cause;
        }
    }

    /** Counts a failed attempt, at the work or at the commit, and puts the next one off. */
    void postpone() {
        failures++;
        dueNanos = System.nanoTime() + backoff.delay(failures).toNanos();
    }

    /** Until the next attempt; negative once it is due. */
    Duration untilDue() {
        return Duration.ofNanos(dueNanos - System.nanoTime());
    }

    boolean isDue() {
        return untilDue().compareTo(Duration.ZERO) <= 0;
    }

    boolean isAny(Lane lane) {
        return inputs.stream().anyMatch(input -> input.lane() == lane);
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

    /**
     * What is committed with the batch: of each partition that is still ours how far it is done.
     *
     * @param passed offsets of partitions without a record that waits, see {@link PassedOffsets};
     *     those of the first attempt stay, so that it can be told whether that one was committed
     */
    Map<TopicPartition, OffsetAndMetadata> offsets(Map<TopicPartition, OffsetAndMetadata> passed) {
        if (offsets == null) {
            offsets = new HashMap<>();
            for (Input<I> input : inputs) {
                ConsumerRecord<?, ?> record = input.record();
                offsets.put(
                        input.partition(),
                        new OffsetAndMetadata(record.offset() + 1, record.leaderEpoch(), ""));
            }
            offsets.putAll(passed);
        }
        offsets.keySet().removeAll(revoked);
        return Map.copyOf(offsets);
    }
}
