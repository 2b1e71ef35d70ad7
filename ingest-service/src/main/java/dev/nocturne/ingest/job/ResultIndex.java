package dev.nocturne.ingest.job;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.ingest.RequestNumber;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * Where the results of one job stand in the log, so that a page of them is read without the rest:
 * 29 bytes a result, for as long as the job is known. Not thread-safe.
 */
public final class ResultIndex {

    private static final Comparator<Place> LATEST_FIRST =
            latestFirst(Place::finishedAtMillis, Place::request);

    /**
     * @param request its id as a number
     */
    public record Place(
            long request,
            RequestStatus status,
            long finishedAtMillis,
            int partition,
            long offset) {}

    /**
     * The order in which results are shown: those that came last first.
     *
     * @param finishedAtMillis of a result, since 1970
     * @param request its id as a number
     */
    public static <T> Comparator<T> latestFirst(
            ToLongFunction<T> finishedAtMillis, ToLongFunction<T> request) {
        return Comparator.comparingLong(finishedAtMillis).thenComparingLong(request).reversed();
    }

    // columns: an object for each of a hundred thousand results would weigh four times as much
    private long[] requests = {};
    private byte[] statuses = {};
    private long[] finishedAt = {};
    private int[] partitions = {};
    private long[] offsets = {};
    private int size;

    /** Cheap beside sorting, so that others need not wait for that. */
    ResultIndex copy() {
        ResultIndex copy = new ResultIndex();
        copy.requests = requests.clone();
        copy.statuses = statuses.clone();
        copy.finishedAt = finishedAt.clone();
        copy.partitions = partitions.clone();
        copy.offsets = offsets.clone();
        copy.size = size;
        return copy;
    }

    void add(RequestFinished event, int partition, long offset) {
        if (size == requests.length) {
            makeRoom();
        }
        set(
                size++,
                new Place(
                        RequestNumber.of(event.getRequest().getRequestId()),
                        event.getStatus(),
                        event.getFinishedAt().toEpochMilli(),
                        partition,
                        offset));
    }

    /** Forgets where the results of other requests stood. */
    void retain(Set<Long> wanted) {
        int kept = 0;
        for (int row = 0; row < size; row++) {
            if (wanted.contains(requests[row])) {
                set(kept++, place(row));
            }
        }
        size = kept;
    }

    private Place place(int row) {
        return new Place(
                requests[row],
                RequestStatus.values()[statuses[row]],
                finishedAt[row],
                partitions[row],
                offsets[row]);
    }

    /** Reading the log again brings everything again; only what is new then takes room. */
    private void makeRoom() {
        List<Place> distinct = List.copyOf(firstByRequest().values());
        int capacity = Math.max(1, distinct.size() * 2);
        requests = Arrays.copyOf(requests, capacity);
        statuses = Arrays.copyOf(statuses, capacity);
        finishedAt = Arrays.copyOf(finishedAt, capacity);
        partitions = Arrays.copyOf(partitions, capacity);
        offsets = Arrays.copyOf(offsets, capacity);
        size = 0;
        distinct.forEach(place -> set(size++, place));
    }

    private void set(int row, Place place) {
        requests[row] = place.request();
        statuses[row] = (byte) place.status().ordinal();
        finishedAt[row] = place.finishedAtMillis();
        partitions[row] = place.partition();
        offsets[row] = place.offset();
    }

    /** The first result of each request, the latest first. */
    public List<Place> latestFirst() {
        return firstByRequest().values().stream().sorted(LATEST_FIRST).toList();
    }

    /** Likewise, by partition and offset. */
    public List<Place> inLogOrder() {
        return firstByRequest().values().stream()
                .sorted(Comparator.comparingInt(Place::partition).thenComparingLong(Place::offset))
                .toList();
    }

    /** All results of a request are in one partition, so the smallest offset is the first. */
    private Map<Long, Place> firstByRequest() {
        Map<Long, Place> places = new HashMap<>();
        for (int row = 0; row < size; row++) {
            Place place = place(row);
            places.merge(
                    place.request(),
                    place,
                    (one, other) -> one.offset() <= other.offset() ? one : other);
        }
        return places;
    }
}
