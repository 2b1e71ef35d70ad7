package dev.nocturne.runtime;

import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.apache.avro.specific.SpecificRecord;

/**
 * What a stage says about a batch. Each output belongs to one event of the batch: it is published
 * in the transaction that commits that event, and dropped if the event's partition has meanwhile
 * gone to another worker. Used by one thread.
 */
public final class Outbox {

    /**
     * @param index of the event in the batch that led to this output
     */
    public record Output(int index, Topic<?> topic, String key, SpecificRecord event) {}

    private final BooleanSupplier keepGoing;
    private final List<Output> outputs = new ArrayList<>();
    private final Map<Integer, PermanentException> rejections = new TreeMap<>();

    /**
     * @param keepGoing see {@link #keepGoing()}
     */
    public Outbox(BooleanSupplier keepGoing) {
        this.keepGoing = keepGoing;
    }

    /** Publishes an event; the key follows from the topic's key rule. */
    public <T extends SpecificRecord> void send(
            int index, Topic<T> topic, RequestRef request, T event) {
        String key =
                switch (topic.key()) {
                    case JOB -> request.getJobId();
                    case REQUEST -> Ids.key(request.getJobId(), request.getRequestId());
                    case NONE -> throw new IllegalArgumentException("no topic of requests");
                };
        add(new Output(index, topic, key, event));
    }

    void add(Output output) {
        outputs.add(output);
    }

    /**
     * Gives an event of the batch up: its record becomes a dead letter and its request a failed
     * one, see {@link PermanentException}. What was sent for it stays.
     */
    public void reject(int index, PermanentException cause) {
        rejections.put(index, cause);
    }

    /**
     * Whether the batch is still wanted. Work that takes seconds asks now and then; once the answer
     * is false the stage may return or throw, and whatever it has done is dropped.
     */
    public boolean keepGoing() {
        return keepGoing.getAsBoolean();
    }

    /** In the order they were sent. */
    public List<Output> outputs() {
        return List.copyOf(outputs);
    }

    /** By index in the batch. */
    public Map<Integer, PermanentException> rejections() {
        return Map.copyOf(rejections);
    }
}
