package dev.nocturne.runtime;

import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.schemas.Lane;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Records that were polled and are not begun, by lane, and whose turn it is. Belongs to the poll
 * thread.
 *
 * <p>Interactive records go first. While both lanes wait, every fourth batch is the bulk lane's, so
 * that no stream of interactive records, however dense, can stop it. What one lane leaves unused of
 * a batch, the other may fill, see {@link Stage#fill}.
 */
final class WaitingRecords<I extends SpecificRecord> {

    /** Interactive batches in a row while bulk records wait. */
    static final int MOST_IN_A_ROW = 3;

    private final Stage<I> stage;
    private final Map<Lane, Deque<Input<I>>> lanes = new EnumMap<>(Lane.class);
    private int inARow;

    WaitingRecords(Stage<I> stage) {
        this.stage = stage;
        for (Lane lane : Lane.values()) {
            lanes.put(lane, new ArrayDeque<>());
        }
    }

    void add(Input<I> input) {
        lanes.get(input.lane()).add(input);
    }

    boolean isEmpty() {
        return lanes.values().stream().allMatch(Deque::isEmpty);
    }

    boolean isAny(Lane lane) {
        return !lanes.get(lane).isEmpty();
    }

    /** Whether a lane has as many records as one batch can take. */
    boolean isFull(Lane lane) {
        return lanes.get(lane).size() >= stage.maxBatch();
    }

    boolean isAnyFull() {
        return lanes.keySet().stream().anyMatch(this::isFull);
    }

    List<Input<I>> all() {
        return lanes.values().stream().flatMap(Deque::stream).toList();
    }

    Set<TopicPartition> partitions() {
        return lanes.values().stream()
                .flatMap(Deque::stream)
                .map(Input::partition)
                .collect(Collectors.toSet());
    }

    /** Forgets the records of partitions that belong to another worker now. */
    void drop(Collection<TopicPartition> partitions) {
        lanes.values()
                .forEach(lane -> lane.removeIf(input -> partitions.contains(input.partition())));
    }

    /**
     * Takes the records of the next batch: of the lane whose turn it is as many as the stage wants,
     * and of the other those that it says fill the batch up. Of each lane they are the first ones,
     * with the rejected records in between. An unread record comes alone.
     *
     * @return empty only if nothing waits
     */
    List<Input<I>> takeNext() {
        Lane first = turn();
        if (isUnreadNext(first)) {
            return List.of(lanes.get(first).remove());
        }
        List<I> waiting = events(first, stage.maxBatch());
        int wanted = waiting.isEmpty() ? 0 : stage.take(waiting);
        List<Input<I>> batch = new ArrayList<>(take(first, wanted));
        List<I> others = events(first.other(), stage.maxBatch() - wanted);
        if (wanted > 0 && !others.isEmpty()) {
            batch.addAll(take(first.other(), stage.fill(waiting.subList(0, wanted), others)));
        }
        return batch;
    }

    private Lane turn() {
        if (lanes.get(Lane.INTERACTIVE).isEmpty()) {
            inARow = 0;
            return Lane.BULK;
        }
        if (lanes.get(Lane.BULK).isEmpty()) {
            inARow = 0;
            return Lane.INTERACTIVE;
        }
        inARow = (inARow + 1) % (MOST_IN_A_ROW + 1);
        return inARow == 0 ? Lane.BULK : Lane.INTERACTIVE;
    }

    private boolean isUnreadNext(Lane lane) {
        Input<I> next = lanes.get(lane).peek();
        return next != null && next.isUnread();
    }

    private List<I> events(Lane lane, int most) {
        return lanes.get(lane).stream()
                .takeWhile(input -> !input.isUnread())
                .filter(Input::isReadable)
                .map(Input::event)
                .limit(most)
                .toList();
    }

    private List<Input<I>> take(Lane lane, int wanted) {
        Deque<Input<I>> waiting = lanes.get(lane);
        List<Input<I>> taken = new ArrayList<>();
        int readable = 0;
        while (!waiting.isEmpty()
                && !isUnreadNext(lane)
                && (readable < wanted || !waiting.peek().isReadable())) {
            Input<I> input = waiting.remove();
            taken.add(input);
            readable += input.isReadable() ? 1 : 0;
        }
        return taken;
    }
}
