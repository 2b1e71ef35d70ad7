package dev.nocturne.ingest.job;

import dev.nocturne.events.JobReleased;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.schemas.EventCodec;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * How far the requests of one job are: each counts once, by its first result. Of a result only its
 * request's id is kept until the job is closed, and where it stands. Not thread-safe.
 */
final class JobRequests {

    private final Set<Long> finished = new HashSet<>(); // request ids as numbers
    private final Map<RequestStatus, Integer> counts = new EnumMap<>(RequestStatus.class);
    private final Map<Integer, Long> firstOffsets = new HashMap<>(); // of results, by partition
    private ResultIndex results = new ResultIndex();
    private final RecentRate rate = new RecentRate();
    private Instant finishedAt = Instant.MIN; // of the latest result
    private Set<Long> foreign = Set.of(); // ids with results that are no requests of the job
    private final Map<Long, RequestInFlight> inFlight = new HashMap<>(); // by request id
    private long candidatesInFlight;

    /** The first result, encoded; null if there is none, or another request has one, too. */
    private byte[] only;

    private long onlyRequest;
    private boolean isMore; // than one request has a result

    /** It stands there, whether it counts or not. */
    void found(RequestFinished event, int partition, long offset) {
        // the smallest offset, also when the log is read again
        firstOffsets.merge(partition, offset, Math::min);
        results.add(event, partition, offset);
        long request = number(event);
        if (isMore || foreign.contains(request)) {
            return;
        }
        if (only == null) {
            only = EventCodec.encode(event);
            onlyRequest = request;
        } else if (onlyRequest != request) {
            only = null;
            isMore = true;
        }
    }

    private static long number(RequestFinished event) {
        return RequestNumber.of(event.getRequest().getRequestId());
    }

    boolean isForeign(RequestFinished event) {
        return foreign.contains(number(event));
    }

    /**
     * @param averageCandidates of a request, where it is not known who released this one
     * @return the request that is now finished; null if it was before
     */
    RequestInFlight count(RequestFinished event, int averageCandidates) {
        long request = number(event);
        boolean isNew = finished.add(request);
        if (isNew) {
            counts.merge(event.getStatus(), 1, Integer::sum);
            rate.finished(event.getFinishedAt());
            if (event.getFinishedAt().isAfter(finishedAt)) {
                finishedAt = event.getFinishedAt();
            }
        }
        RequestInFlight known = inFlight.remove(request);
        candidatesInFlight -= known == null ? 0 : known.candidates();
        return known == null && isNew ? new RequestInFlight(averageCandidates, null) : known;
    }

    /** See {@link JobState#recount}. */
    void recount(Map<Long, RequestStatus> found, Set<Long> notOurs) {
        foreign = notOurs;
        finished.clear();
        counts.clear();
        found.forEach(
                (request, status) -> {
                    finished.add(request);
                    counts.merge(status, 1, Integer::sum);
                });
        results.retain(finished); // of the others the log has nothing at the place that was known
        if (only != null && !finished.contains(onlyRequest)) {
            only = null;
        }
    }

    /** These counts hold from now on. */
    void end(Map<RequestStatus, Integer> inAll, Instant lastFinishedAt) {
        counts.putAll(inAll);
        finishedAt = lastFinishedAt;
    }

    /**
     * @param result the only one, encoded; null: it is not known, or there are more
     */
    void restore(Map<RequestStatus, Integer> inAll, Instant lastFinishedAt, byte[] result) {
        end(inAll, lastFinishedAt);
        only = result;
    }

    /** The counts stay; nothing is added to them any more. */
    void forget() {
        finished.clear();
        inFlight.clear();
        candidatesInFlight = 0;
    }

    /** Nobody reads its results any more. */
    void forgetResults() {
        results = new ResultIndex();
        only = null;
    }

    void addInFlight(long request, RequestInFlight one) {
        if (!finished.contains(request) && inFlight.putIfAbsent(request, one) == null) {
            candidatesInFlight += one.candidates();
        }
    }

    /** What is known of the only request with a result; null if there is none, or are more. */
    RequestFinished only() {
        return only == null ? null : EventCodec.decode(RequestFinished.class, only);
    }

    Set<Long> finished() {
        return Set.copyOf(finished);
    }

    boolean isFinished(long request) {
        return finished.contains(request);
    }

    int finishedCount() {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    int count(RequestStatus status) {
        return counts.getOrDefault(status, 0);
    }

    /** {@link Instant#MIN} if none has. */
    Instant finishedAt() {
        return finishedAt;
    }

    double perSecond(Instant since, Instant now) {
        return rate.perSecond(since, now);
    }

    /**
     * Candidates in flight. Who released them knows it; others know from the log how many requests
     * it are, and take them for average ones.
     *
     * @param requests in flight
     * @param held what there was to release at first
     * @param released what is held now
     */
    long candidatesInFlight(int requests, JobReleased held, JobReleased released) {
        int all = held.getHeld() - released.getHeld();
        if (inFlight.size() >= requests || all <= 0) {
            return candidatesInFlight;
        }
        long candidates = held.getHeldCandidates() - released.getHeldCandidates();
        return Math.round(1.0 * candidates * requests / all);
    }

    long candidatesInFlight() {
        return candidatesInFlight;
    }

    Map<Integer, Long> firstOffsets() {
        return Map.copyOf(firstOffsets);
    }

    ResultIndex results() {
        return results.copy();
    }
}
