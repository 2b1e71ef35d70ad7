package dev.nocturne.ingest.job;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobDeleted;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;

/**
 * The state of every job: of those that go on here, of those that are over in the {@link JobIndex}.
 * Thread-safe: the log is read by one thread, asked about by others.
 */
public final class JobTable {

    private final JobIndex index;
    private final OpenJobs jobs; // guarded by this
    private final Map<String, String> jobByIdempotencyKey = new HashMap<>(); // likewise

    private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();
    private final JobPages pages;
    private final Throughput throughput = new Throughput();
    private final Clock clock;
    private final Estimates estimates = new Estimates(); // guarded by this

    /** With an index in memory. */
    public JobTable(Clock clock) {
        this(clock, JobIndex.inMemory());
    }

    public JobTable(Clock clock, JobIndex index) {
        this.clock = clock;
        this.index = index;
        this.jobs = new OpenJobs(index, clock);
        this.pages = new JobPages(this, jobs, index);
    }

    /**
     * Calls the listener with the id of each job that has changed: by the log, or counted anew.
     * Under the table's lock, so it must be cheap, and take no lock under which others ask the
     * table.
     *
     * @return ends the calls
     */
    public Runnable onChange(Consumer<String> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** Whether there was never a job. */
    public synchronized boolean isEmpty() {
        return jobs.isEmpty() && index.isEmpty();
    }

    public void add(JobSubmitted event) {
        add(event, null);
    }

    /**
     * @param place null if it was published here: it comes again from the log
     */
    public synchronized void add(JobSubmitted event, Place place) {
        JobState job = jobs.of(event.getJobId(), place, false);
        if (job == null || job.deletedAt() != null) {
            jobs.addLate(event, place);
            return;
        }
        job.add(event);
        jobs.changed(job, place);
        tell(job.id());
    }

    public void add(JobEvent event) {
        add(event, null);
    }

    /**
     * Of all jobs that were created with one idempotency key, the first in the log is one.
     *
     * @param place null if it was published here: it comes again from the log
     */
    public synchronized void add(JobEvent event, Place place) {
        if (event.getChange() instanceof JobCreated created
                && created.getIdempotencyKey() != null
                && !hasKey(event.getJobId(), created.getIdempotencyKey())) {
            return;
        }
        JobState job = jobs.of(event.getJobId(), place, event.getChange() instanceof JobDeleted);
        if (job == null) {
            return;
        }
        job.add(event);
        jobs.changed(job, place);
        tell(job.id());
    }

    /** Whether no other job had the key before; then it is this one's. */
    private boolean hasKey(String id, String key) {
        String owner =
                index.jobWithKey(key)
                        .orElseGet(() -> jobByIdempotencyKey.computeIfAbsent(key, mine -> id));
        return owner.equals(id);
    }

    public synchronized void add(RequestFinished event, int partition, long offset) {
        Place place = new Place(new TopicPartition(Topics.RESULTS.name(), partition), offset);
        JobState job = jobs.of(event.getRequest().getJobId(), place, false);
        if (job == null) {
            return;
        }
        RequestInFlight finished = job.add(event, partition, offset);
        boolean painted = event.getStatus() == RequestStatus.COMPLETED && job.stopped() == null;
        if (painted && finished != null && job.isDrawn()) {
            throughput.finished(finished, event.getFinishedAt(), clock.instant());
        }
        jobs.changed(job, place);
        tell(job.id());
    }

    private void tell(String id) {
        listeners.forEach(listener -> listener.accept(id));
    }

    /** The job is over: from now on it is in the index. */
    public synchronized void add(JobSummary summary) {
        index.put(summary); // first, so that whoever looks here and then there finds it
        JobState job = jobs.get(summary.getJobId());
        if (job != null && job.deletedAt() != null && summary.getDeletedAt() == null) {
            return; // deleted after it was summed up: it stays until that is, too
        }
        jobs.remove(summary.getJobId());
        if (job != null && job.created() != null) {
            jobByIdempotencyKey.remove(job.created().getIdempotencyKey(), job.id());
        }
        jobs.late(summary).ifPresent(again -> add(again.event(), again.place()));
        tell(summary.getJobId());
    }

    /** The job has been deleted long ago: nothing is known of it. */
    public synchronized void forget(String id) {
        index.remove(id);
    }

    /**
     * Everything before has been read.
     *
     * @param next the offset that is read next, of each partition
     */
    public synchronized void readTo(Map<TopicPartition, Long> next) {
        jobs.readTo(next);
    }

    /** What {@code question} finds out about jobs that are over and have no summary yet. */
    public synchronized <T> List<T> over(int most, Function<JobState, T> question) {
        return jobs.over(most).stream().map(question).toList();
    }

    public synchronized boolean isAnyOver() {
        return !jobs.over(1).isEmpty();
    }

    /** Ids of jobs that are summed up and ended before, those that were submitted first first. */
    public List<String> endedBefore(Instant time, int most) {
        List<String> ids = new ArrayList<>();
        index.scan(
                false,
                true,
                null,
                summary -> {
                    JobState job = JobSummaries.state(summary);
                    if (job.endedAt().isBefore(time) && deletedAt(job.id()).isEmpty()) {
                        ids.add(job.id());
                    }
                    return ids.size() < most && job.submittedAt().isBefore(time);
                });
        return ids;
    }

    /** Ids of jobs that were deleted before, and are summed up; the earliest first. */
    public List<String> deletedBefore(Instant time, int most) {
        return index.deletedBefore(time, most);
    }

    /** Of those that are over; each says where the log begins once all of them are known. */
    public synchronized List<JobSummary> summaries(Set<String> ids) {
        return jobs.summaries(ids);
    }

    /** What {@code question} finds out about a job; empty if there is no such job. */
    public <T> Optional<T> ask(String id, Function<JobState, T> question) {
        Function<JobState, T> ifThere = job -> job.isThere() ? question.apply(job) : null;
        return find(id, ifThere, summary -> ifThere.apply(JobSummaries.state(summary)));
    }

    /** Looks here first: a job that is over by then is in the index before it leaves. */
    private <T> Optional<T> find(
            String id, Function<JobState, T> open, Function<JobSummary, T> over) {
        synchronized (this) {
            JobState job = jobs.get(id);
            if (job != null) {
                return Optional.ofNullable(open.apply(job));
            }
        }
        return index.find(id).map(over);
    }

    /** Whether the job was made from a file, so that what has failed of it can be retried. */
    public boolean isFromFile(String id) {
        return ask(id, job -> job.created() != null).orElse(deletedAt(id).isPresent());
    }

    /** Whether a result of this request has been counted. */
    public boolean isFinished(String id, String requestId) {
        return ask(id, job -> job.isFinished(requestId)).orElse(false);
    }

    /** Empty unless the job is deleted. */
    public Optional<Instant> deletedAt(String id) {
        return find(id, JobState::deletedAt, JobSummary::getDeletedAt);
    }

    /** Whether there is, or was, a job with this id. */
    public boolean isKnown(String id) {
        return find(id, JobState::isKnown, summary -> true).orElse(false);
    }

    /** Deleted jobs that may still have objects in the bucket. */
    public synchronized List<JobState.Deleted> deletedJobs() {
        return jobs.deleted().stream().map(JobState::deleted).toList();
    }

    /** Of all jobs but these. */
    synchronized long waitingCandidates(Set<String> others) {
        return jobs.waitingCandidates(others);
    }

    /**
     * @param problem why the job does not go on; null: it does
     */
    public synchronized void setProblem(String id, String problem) {
        open(id).ifPresent(job -> job.setProblem(problem));
    }

    /** What keeps jobs from going on, one line for people; empty if all go on. */
    public synchronized String problems() {
        return jobs.problems();
    }

    /** See {@link JobState#recount}. */
    public synchronized void recount(
            String id, Map<Long, RequestStatus> results, Set<Long> foreign) {
        open(id).ifPresent(
                        job -> {
                            job.recount(results, foreign);
                            jobs.changed(job, null);
                            tell(id);
                        });
    }

    private Optional<JobState> open(String id) {
        return Optional.ofNullable(jobs.get(id));
    }

    /** What the pipeline makes of the jobs' captions. */
    public Throughput throughput() {
        return throughput;
    }

    /** These requests of the job are in flight. */
    public synchronized void addInFlight(String id, Map<Long, RequestInFlight> requests) {
        open(id).ifPresent(job -> job.addInFlight(requests));
    }

    /** What {@code question} finds out about each job whose captions are released bit by bit. */
    public synchronized <T> List<T> dispatched(Function<JobState, T> question) {
        return jobs.all().stream()
                .filter(JobState::isDispatched)
                .filter(job -> !job.allFinished())
                .map(question)
                .toList();
    }

    /** Likewise, about each job that has been started, and neither stopped nor ended. */
    public synchronized <T> List<T> started(Function<JobState, T> question) {
        return jobs.all().stream()
                .filter(job -> job.isStarted() && job.stopped() == null && !job.isTerminal())
                .map(question)
                .toList();
    }

    /** Of all jobs. */
    public synchronized long candidatesInFlight() {
        return jobs.all().stream().mapToLong(JobState::candidatesInFlight).sum();
    }

    /** Whether something is in flight that has to be drawn. */
    public synchronized boolean isDrawing() {
        return jobs.all().stream().anyMatch(JobState::isBeingDrawn);
    }

    private synchronized Map<String, FinishEstimate> estimates(Instant now) {
        return estimates.at(now, jobs.all(), throughput);
    }

    public Optional<Job> job(String id, Instant now) {
        Map<String, FinishEstimate> all = estimates(now);
        return ask(id, job -> job.at(now, all.get(id)));
    }

    /** Empty also for a job that was not made from a file. */
    public Optional<Batch> batch(String id, Instant now) {
        Map<String, FinishEstimate> all = estimates(now);
        return ask(id, job -> job.created() == null ? null : job.batch(now, all.get(id)));
    }

    /**
     * Latest first.
     *
     * @param after id of the job before the first one, whether it fits or not; null: from the
     *     latest on
     * @return empty if {@code after} is not known
     */
    public Optional<List<Job>> jobs(Instant now, JobFilter filter, String after, int limit) {
        Map<String, FinishEstimate> all = estimates(now);
        return pages.page(
                false,
                false,
                job -> job.fits(filter),
                after,
                limit,
                job -> job.at(now, all.get(job.id())));
    }

    /** In no order. */
    public synchronized List<Job> openJobs(Instant now) {
        Map<String, FinishEstimate> estimates = estimates(now);
        return jobs.all().stream()
                .filter(job -> job.isThere() && !job.isTerminal())
                .map(job -> job.at(now, estimates.get(job.id())))
                .toList();
    }

    /** What all open jobs together have left. */
    public OpenWork openWork(Instant now) {
        return OpenWork.of(openJobs(now));
    }

    /** As {@link #jobs}, of the jobs that were made from a file, also the other way round. */
    public Optional<List<Batch>> batches(
            Instant now, boolean oldestFirst, String after, int limit) {
        Map<String, FinishEstimate> all = estimates(now);
        return pages.page(
                true,
                oldestFirst,
                job -> true,
                after,
                limit,
                job -> job.batch(now, all.get(job.id())));
    }

    Optional<String> jobWithKey(String idempotencyKey) {
        synchronized (this) {
            String job = jobByIdempotencyKey.get(idempotencyKey);
            if (job != null) {
                return Optional.of(job);
            }
        }
        return index.jobWithKey(idempotencyKey);
    }

    /** Ids of the jobs that are not done yet and fit. */
    public synchronized List<String> open(Predicate<JobState> fits) {
        List<String> ids = new ArrayList<>();
        for (JobState job : jobs.all()) {
            if (job.isKnown() && !job.isTerminal() && fits.test(job)) {
                ids.add(job.id());
            }
        }
        return ids;
    }
}
