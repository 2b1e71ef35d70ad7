package dev.nocturne.runtime;

import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.EventRules;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Violation;
import java.util.List;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * One step of the pipeline: what is done with the events of one topic. A {@link StageRunner} owns
 * it.
 *
 * <p>{@link #open}, {@link #process}, {@link #selfTest} and {@link #close} are called on one
 * thread, the work thread; a model that belongs to one thread is opened, used and closed there.
 * Everything else is called on the poll thread and must be quick; what reads a record, on both. Any
 * event may come twice, and must then lead to the same outputs.
 */
public interface Stage<I extends SpecificRecord> {

    /** The stage's name in metrics, logs and failures, and its consumer group. */
    String name();

    /** If it has lanes, both are read, and outputs go to the lane that their event came from. */
    Topic<I> input();

    /**
     * The event that a record holds; by default its value is one in Avro's single-object encoding.
     *
     * @throws MalformedEventException or a {@link PermanentException}, with a reason code of its
     *     own, if it holds none: it becomes a dead letter
     * @throws TransientException if something is away that it takes to tell: the record waits for
     *     it, however long, and with it the stage
     */
    default I decode(ConsumerRecord<byte[], byte[]> record) {
        return EventCodec.decode(input().record(), record.value());
    }

    /** Which request an event belongs to; also for an event that will be rejected. Null: none. */
    RequestRef request(I event);

    /** The first rule that an event breaks: its record becomes a dead letter. */
    default Optional<Violation> validate(I event) {
        return EventRules.validate(event);
    }

    /**
     * Events that {@link #process} takes at most in one call. A call is what an interactive event
     * waits for that comes just too late, so it is kept short.
     */
    int maxBatch();

    /**
     * How many of the waiting events the next call of {@link #process} takes, from the first on.
     *
     * @param waiting 1 to {@link #maxBatch} events of one lane, in their order
     * @return 1 to {@code waiting.size()}
     */
    default int take(List<I> waiting) {
        return waiting.size();
    }

    /**
     * How many events of the other lane join those taken, from the first on: as many as the call
     * has room for without taking longer. By default none, for where each event takes its time.
     *
     * @param taken at least one event, as {@link #take} said
     * @param waiting 1 to {@link #maxBatch} minus {@code taken.size()} events, in their order
     * @return 0 to {@code waiting.size()}
     */
    default int fill(List<I> taken, List<I> waiting) {
        return 0;
    }

    /**
     * Loads what the stage needs before the first event; called again after a {@link
     * TransientException}, and before the worker comes back to a group that it has left.
     */
    default void open() {}

    /**
     * Does the work for a batch. A {@link TransientException} makes the whole batch come again; a
     * {@link PermanentException}, or any other error, makes its events come again one by one, to
     * find the one at fault; a {@link FatalException} stops the runner, and a {@link
     * WrongBundleException} makes it leave its group.
     */
    void process(List<I> batch, Outbox out);

    /**
     * Does a small piece of work that is known to be good. Asked for when records fail and the
     * fault may be the worker's: if it throws, nothing of them is given up and the runner stops.
     */
    default void selfTest() {}

    /**
     * The records that are published for an event that {@link #process} has sent: by default its
     * own encoding.
     *
     * @param topic in its lane
     */
    default List<ProducerRecord<byte[], byte[]>> encode(
            Topic<?> topic, String key, SpecificRecord event) {
        return EventRecords.of(topic, key, event);
    }

    default void close() {}
}
