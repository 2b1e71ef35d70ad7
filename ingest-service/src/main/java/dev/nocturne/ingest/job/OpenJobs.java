package dev.nocturne.ingest.job;

import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * The jobs that have no summary yet, and which records of the log are theirs. Whatever the order in
 * which the topics are read, and however often: a job that is over stays so. Not thread-safe.
 */
final class OpenJobs {

    /** What only results are known of, as of a candidate's rendering, is no job after a while. */
    private static final Duration UNKNOWN = Duration.ofMinutes(10);

    /** Captions with the id of a job that is being deleted. */
    private static final int MOST_LATE = 1_000;

    /**
     * A caption that came while the job of its id was over.
     *
     * @param isAfterPurge whether nothing of that job was left
     */
    record Late(JobSubmitted event, Place place, boolean isAfterPurge) {}

    private final JobIndex index;
    private final Map<String, JobState> jobs = new HashMap<>();
    private final Set<String> over = new LinkedHashSet<>(); // of these, without a summary
    private final Set<String> deleted = new LinkedHashSet<>(); // likewise, not purged
    private final Deque<String> unknown = new ArrayDeque<>(); // when they came
    private final Map<String, Late> late = new LinkedHashMap<>();
    private final Clock clock;
    private Map<TopicPartition, Long> readTo = Map.of();

    OpenJobs(JobIndex index, Clock clock) {
        this.index = index;
        this.clock = clock;
    }

    boolean isEmpty() {
        return jobs.isEmpty();
    }

    /** Null if there is none. */
    JobState get(String id) {
        return jobs.get(id);
    }

    Collection<JobState> all() {
        return jobs.values();
    }

    Set<String> ids() {
        return jobs.keySet();
    }

    /**
     * The job that the record belongs to.
     *
     * @param isDeletion brings back a job that is over
     * @return null if it is one of a job that is over: it came too late, or again
     */
    JobState of(String id, Place place, boolean isDeletion) {
        JobState job = jobs.get(id);
        if (job != null) {
            return job;
        }
        JobSummary summary = index.find(id).orElse(null);
        if (summary == null || !isDeletion && isBehind(place, summary)) {
            return add(new JobState(id));
        }
        boolean comesBack = isDeletion && summary.getDeletedAt() == null;
        return comesBack ? add(JobSummaries.state(summary)) : null;
    }

    private JobState add(JobState job) {
        jobs.put(job.id(), job);
        if (!job.isKnown()) {
            unknown.add(job.id());
        }
        return job;
    }

    /** Whether a record is that of a new job, which has the id of a deleted one. */
    private static boolean isBehind(Place place, JobSummary summary) {
        if (place == null || summary.getDeletedAt() == null) {
            return false;
        }
        Long end = summary.getDeletedTo().get(place.partition().toString());
        return end == null || place.offset() >= end;
    }

    /** Once the deletion is summed up it is known whether it is a new job. */
    void addLate(JobSubmitted event, Place place) {
        if (place != null) {
            JobState job = jobs.get(event.getJobId());
            boolean isAfterPurge = job != null && job.history().isPurged();
            late.put(event.getJobId(), new Late(event, place, isAfterPurge));
            if (late.size() > MOST_LATE) {
                late.remove(late.keySet().iterator().next());
            }
        }
    }

    /** The caption that came before this was known, if it is that of a new job. */
    Optional<Late> late(JobSummary summary) {
        return Optional.ofNullable(late.remove(summary.getJobId()))
                .filter(again -> isBehind(again.place(), summary));
    }

    /**
     * A record has been added to it.
     *
     * @param place null if it is not read from the log
     */
    void changed(JobState job, Place place) {
        if (place != null) {
            job.history().stands(place);
        }
        keep(over, job.id(), job.isOver());
        keep(deleted, job.id(), job.deleted() != null);
        job.changed(clock.instant());
    }

    private static void keep(Set<String> ids, String id, boolean isOne) {
        if (isOne) {
            ids.add(id);
        } else {
            ids.remove(id);
        }
    }

    JobState remove(String id) {
        over.remove(id);
        deleted.remove(id);
        return jobs.remove(id);
    }

    /** See {@link JobTable#readTo}. */
    void readTo(Map<TopicPartition, Long> next) {
        readTo = Map.copyOf(next);
        Instant oldest = clock.instant().minus(UNKNOWN);
        while (!unknown.isEmpty()) {
            JobState job = jobs.get(unknown.peek());
            boolean isUnknown = job != null && !job.isKnown() && job.deletedAt() == null;
            if (isUnknown && job.changedAt().isAfter(oldest)) {
                return;
            }
            unknown.remove();
            if (isUnknown) {
                remove(job.id());
            }
        }
    }

    List<JobState> deleted() {
        return deleted.stream().map(jobs::get).toList();
    }

    /** See {@link JobTable#problems}. */
    String problems() {
        List<JobState> stuck =
                jobs.values().stream()
                        .filter(job -> !job.isTerminal() && job.problem() != null)
                        .sorted(Comparator.comparing(JobState::id))
                        .toList();
        if (stuck.isEmpty()) {
            return "";
        }
        JobState first = stuck.get(0);
        return "%d jobs do not go on, as job %s: %s"
                .formatted(stuck.size(), first.id(), first.problem());
    }

    /** See {@link JobTable#waitingCandidates}. */
    long waitingCandidates(Set<String> others) {
        return jobs.values().stream()
                .filter(job -> !others.contains(job.id()))
                .mapToLong(JobState::waitingCandidates)
                .sum();
    }

    List<JobState> over(int most) {
        return over.stream().limit(most).map(jobs::get).toList();
    }

    /** Of those that are over; each says where the log begins once all of them are known. */
    List<JobSummary> summaries(Set<String> ids) {
        Map<String, Long> end = byName(readTo);
        Map<TopicPartition, Long> start = new HashMap<>(readTo);
        for (JobState job : jobs.values()) {
            if (!ids.contains(job.id())) {
                job.history()
                        .first(
                                (partition, offset) ->
                                        start.computeIfPresent(
                                                partition, (key, at) -> Math.min(at, offset)));
            }
        }
        Map<String, Long> logStart = byName(start);
        return ids.stream()
                .filter(over::contains)
                .map(id -> JobSummaries.of(jobs.get(id), endOf(id, end), logStart))
                .toList();
    }

    /** Of the records of a deleted job: before those of the new one, if there is one already. */
    private Map<String, Long> endOf(String id, Map<String, Long> end) {
        Late next = late.get(id);
        if (next == null || !next.isAfterPurge()) {
            return end;
        }
        Map<String, Long> own = new HashMap<>(end);
        own.merge(next.place().partition().toString(), next.place().offset(), Math::min);
        return own;
    }

    private static Map<String, Long> byName(Map<TopicPartition, Long> offsets) {
        Map<String, Long> named = new HashMap<>();
        offsets.forEach((partition, offset) -> named.put(partition.toString(), offset));
        return named;
    }
}
