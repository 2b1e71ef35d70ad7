package dev.nocturne.ingest;

import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the events of one job add up to. Every request counts once, by its first result; events may
 * come more than once and in any order, results even before the job itself. Not thread-safe.
 */
final class JobState {

    /** Progress in this last stretch makes the rate. */
    static final Duration RATE_WINDOW = Duration.ofMinutes(5);

    private static final Duration SHORTEST_SPAN = Duration.ofSeconds(1);

    private final String id;
    private JobSubmitted submitted; // null until the job's own record is read
    private final Map<String, RequestResult> results = new HashMap<>(); // by request id
    private int completed;
    private int failed;
    private Instant finishedAt = Instant.MIN; // of the latest result
    private boolean manifestStored;

    JobState(String id) {
        this.id = id;
    }

    void add(JobSubmitted event) {
        if (submitted == null) {
            submitted = event;
        }
    }

    void add(RequestFinished event) {
        if (allFinished() || results.containsKey(event.getRequest().getRequestId())) {
            return;
        }
        results.put(event.getRequest().getRequestId(), RequestResult.of(event));
        if (event.getStatus() == RequestStatus.COMPLETED) {
            completed++;
        } else {
            failed++;
        }
        if (event.getFinishedAt().isAfter(finishedAt)) {
            finishedAt = event.getFinishedAt();
        }
    }

    /** False for a job of which only results are known yet. */
    boolean isSubmitted() {
        return submitted != null;
    }

    boolean allFinished() {
        return isSubmitted() && completed + failed >= submitted.getTotal();
    }

    /** The results are in the bucket now; only the counts stay in memory. */
    void manifestStored() {
        manifestStored = true;
        results.clear();
    }

    boolean isManifestStored() {
        return manifestStored;
    }

    /** By custom id, then request id: the same order on every replay. */
    List<RequestResult> results() {
        return results.values().stream()
                .sorted(
                        Comparator.comparing(RequestResult::customId)
                                .thenComparing(RequestResult::requestId))
                .toList();
    }

    Manifest manifest() {
        return new Manifest(
                id,
                submitted.getTotal(),
                completed,
                failed,
                submitted.getSubmittedAt(),
                finishedAt,
                results());
    }

    Job at(Instant now) {
        int open = Math.max(0, submitted.getTotal() - completed - failed);
        double rate = allFinished() ? overallRate() : recentRate(now);
        return new Job(
                id,
                status(),
                new Job.Counts(submitted.getTotal(), completed, failed, open),
                submitted.getSubmittedAt(),
                allFinished() ? finishedAt : null,
                rate,
                eta(open, rate));
    }

    private Job.Status status() {
        if (manifestStored) {
            return Job.Status.COMPLETED;
        }
        return allFinished() ? Job.Status.FINALIZING : Job.Status.IN_PROGRESS;
    }

    private double overallRate() {
        return (completed + failed) / seconds(submitted.getSubmittedAt(), finishedAt);
    }

    private double recentRate(Instant now) {
        Instant windowStart = now.minus(RATE_WINDOW);
        Instant start =
                submitted.getSubmittedAt().isAfter(windowStart)
                        ? submitted.getSubmittedAt()
                        : windowStart;
        long recent =
                results.values().stream()
                        .filter(result -> result.finishedAt().isAfter(start))
                        .count();
        return recent / seconds(start, now);
    }

    private static double seconds(Instant from, Instant to) {
        Duration span = Duration.between(from, to);
        return (span.compareTo(SHORTEST_SPAN) < 0 ? SHORTEST_SPAN : span).toMillis() / 1000.0;
    }

    private static Double eta(int open, double rate) {
        if (open == 0) {
            return 0.0;
        }
        return rate > 0 ? open / rate : null;
    }
}
