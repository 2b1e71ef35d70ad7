package dev.nocturne.ingest.job;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Every job's state. Thread-safe: the log is read by one thread, asked about by others. */
public final class JobTable {

    /** They need every job, and are asked for of each. */
    private static final Duration ESTIMATED = Duration.ofMillis(500);

    private static final Comparator<JobState> LATEST_FIRST =
            Comparator.comparing(JobState::submittedAt).thenComparing(JobState::id).reversed();

    /** The custom id of a candidate's rendering: job, request and number of the candidate. */
    private static final Pattern RENDERING = Pattern.compile("(.+)-[0-9a-f]{16}-\\d{1,3}");

    private final Map<String, JobState> jobs = new HashMap<>(); // guarded by this
    private final Map<String, String> jobByIdempotencyKey = new HashMap<>(); // likewise

    /** Jobs that rendered a candidate of another one, by that one's id; guarded by this. */
    private final Map<String, Set<String>> renderings = new HashMap<>();

    private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();
    private final Throughput throughput = new Throughput();
    private final Clock clock;
    private Map<String, FinishEstimate> estimates = Map.of(); // guarded by this, like the next
    private Instant estimatedAt = Instant.MIN;

    public JobTable(Clock clock) {
        this.clock = clock;
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
        return jobs.isEmpty();
    }

    public synchronized void add(JobSubmitted event) {
        changed(event.getJobId()).add(event);
        tell(event.getJobId());
    }

    /** Of all jobs that were created with one idempotency key, the first in the log is one. */
    public synchronized void add(JobEvent event) {
        if (event.getChange() instanceof JobCreated created
                && created.getIdempotencyKey() != null
                && !hasKey(event.getJobId(), created.getIdempotencyKey())) {
            return;
        }
        changed(event.getJobId()).add(event);
        tell(event.getJobId());
    }

    /** Whether no other job had the key before; then it is this one's. */
    private boolean hasKey(String id, String key) {
        return jobByIdempotencyKey.computeIfAbsent(key, mine -> id).equals(id);
    }

    public synchronized void add(RequestFinished event, int partition, long offset) {
        JobState job = changed(event.getRequest().getJobId());
        Matcher rendering = RENDERING.matcher(event.getRequest().getCustomId());
        if (rendering.matches()) {
            renderings.computeIfAbsent(rendering.group(1), id -> new TreeSet<>()).add(job.id());
        }
        JobState.Out gone = job.add(event, partition, offset);
        boolean painted = event.getStatus() == RequestStatus.COMPLETED && job.stopped() == null;
        if (painted && gone != null && gone.since() != null) {
            throughput.finished(gone.candidates(), Duration.between(gone.since(), clock.instant()));
        }
        tell(job.id());
    }

    private void tell(String id) {
        listeners.forEach(listener -> listener.accept(id));
    }

    private JobState changed(String id) {
        JobState job = state(id);
        job.changed(clock.instant());
        return job;
    }

    private JobState state(String id) {
        return jobs.computeIfAbsent(id, JobState::new);
    }

    /** What {@code question} finds out about a job; empty if there is no such job. */
    public synchronized <T> Optional<T> ask(String id, Function<JobState, T> question) {
        return Optional.ofNullable(jobs.get(id)).filter(JobTable::isThere).map(question);
    }

    /** Whether the job was made from a file, so that what has failed of it can be retried. */
    public synchronized boolean isFromFile(String id) {
        return ask(id, job -> job.created() != null).orElse(deletedAt(id).isPresent());
    }

    /** Whether a result of this request has been counted. */
    public synchronized boolean isFinished(String id, String requestId) {
        return ask(id, job -> job.isFinished(requestId)).orElse(false);
    }

    private static boolean isThere(JobState job) {
        return job.isKnown() && job.deletedAt() == null;
    }

    /** Empty unless the job is deleted. */
    public synchronized Optional<Instant> deletedAt(String id) {
        return Optional.ofNullable(jobs.get(id)).map(JobState::deletedAt);
    }

    /** Deleted jobs that may still have objects in the bucket. */
    public synchronized List<JobState.Deleted> deletedJobs() {
        return jobs.values().stream().map(JobState::deleted).filter(Objects::nonNull).toList();
    }

    /** Ids under which candidates of the job were rendered; they are no jobs of their own. */
    public synchronized List<String> renderings(String id) {
        return renderings.getOrDefault(id, Set.of()).stream()
                .filter(own -> !jobs.get(own).isKnown())
                .toList();
    }

    /** Of all jobs but these. */
    synchronized long waitingCandidates(Set<String> others) {
        return jobs.values().stream()
                .filter(job -> !others.contains(job.id()))
                .mapToLong(JobState::waitingCandidates)
                .sum();
    }

    /**
     * @param problem why the job does not go on; null: it does
     */
    public synchronized void setProblem(String id, String problem) {
        state(id).setProblem(problem);
    }

    /** What keeps jobs from going on, one line for people; empty if all go on. */
    public synchronized String problems() {
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

    /** See {@link JobState#recount}. */
    public synchronized void recount(
            String id, Map<Long, RequestStatus> results, Set<Long> foreign) {
        changed(id).recount(results, foreign);
        tell(id);
    }

    /** What the pipeline makes of the jobs' captions. */
    public Throughput throughput() {
        return throughput;
    }

    /** These requests of the job are on their way. */
    public synchronized void addOut(String id, Map<Long, JobState.Out> requests) {
        state(id).addOut(requests);
    }

    /** What {@code look} sees of each job whose captions are released bit by bit. */
    public synchronized <T> List<T> dispatched(Function<JobState, T> look) {
        return jobs.values().stream()
                .filter(JobState::isDispatched)
                .filter(job -> !job.allFinished())
                .map(look)
                .toList();
    }

    /** What {@code look} sees of each job that has been started, and neither stopped nor ended. */
    public synchronized <T> List<T> started(Function<JobState, T> look) {
        return jobs.values().stream()
                .filter(job -> job.isStarted() && job.stopped() == null && !job.isTerminal())
                .map(look)
                .toList();
    }

    /** Of all jobs, in candidates. */
    public synchronized long out() {
        return jobs.values().stream().mapToLong(JobState::out).sum();
    }

    /** Whether something is out that has to be drawn. */
    public synchronized boolean isDrawing() {
        return jobs.values().stream().anyMatch(job -> job.isDrawn() && job.out() > 0);
    }

    private Map<String, FinishEstimate> estimates(Instant now) {
        boolean isFresh = !now.isBefore(estimatedAt) && now.isBefore(estimatedAt.plus(ESTIMATED));
        if (!isFresh) {
            estimates = newEstimates(now);
            estimatedAt = now;
        }
        return estimates;
    }

    private Map<String, FinishEstimate> newEstimates(Instant now) {
        List<FinishEstimate.Work> work =
                jobs.values().stream()
                        .filter(JobState::isDispatched)
                        .filter(JobState::isDrawn)
                        .filter(job -> !job.allFinished())
                        .map(JobState::work)
                        .toList();
        return FinishEstimate.of(work, throughput.rates(), now);
    }

    public synchronized Optional<Job> job(String id, Instant now) {
        return ask(id, job -> job.at(now, estimates(now).get(id)));
    }

    /** Empty also for a job that was not made from a file. */
    public synchronized Optional<Batch> batch(String id, Instant now) {
        return ask(
                id, job -> job.created() == null ? null : job.batch(now, estimates(now).get(id)));
    }

    /**
     * Latest first.
     *
     * @param after id of the job before the first one, whether it fits or not; null: from the
     *     latest on
     * @return empty if {@code after} is not known
     */
    public synchronized Optional<List<Job>> jobs(
            Instant now, JobFilter filter, String after, int limit) {
        Map<String, FinishEstimate> estimates = estimates(now);
        return page(
                job -> job.fits(filter),
                false,
                after,
                limit,
                job -> job.at(now, estimates.get(job.id())));
    }

    /** What all open jobs together have left. */
    public synchronized OpenWork openWork(Instant now) {
        Map<String, FinishEstimate> estimates = estimates(now);
        return OpenWork.of(
                jobs.values().stream()
                        .filter(job -> isThere(job) && !job.isTerminal())
                        .map(job -> job.at(now, estimates.get(job.id())))
                        .toList());
    }

    /** As {@link #jobs}, of the jobs that were made from a file, also the other way round. */
    public synchronized Optional<List<Batch>> batches(
            Instant now, boolean oldestFirst, String after, int limit) {
        Map<String, FinishEstimate> estimates = estimates(now);
        return page(
                job -> job.created() != null,
                oldestFirst,
                after,
                limit,
                job -> job.batch(now, estimates.get(job.id())));
    }

    private <T> Optional<List<T>> page(
            Predicate<JobState> fits,
            boolean oldestFirst,
            String after,
            int limit,
            Function<JobState, T> view) {
        Comparator<JobState> order = oldestFirst ? LATEST_FIRST.reversed() : LATEST_FIRST;
        JobState before = after == null ? null : jobs.get(after);
        if (after != null && (before == null || !before.isKnown())) {
            return Optional.empty();
        }
        return Optional.of(
                jobs.values().stream()
                        .filter(JobTable::isThere)
                        .filter(job -> before == null || order.compare(before, job) < 0)
                        .filter(fits)
                        .sorted(order)
                        .limit(limit)
                        .map(view)
                        .toList());
    }

    synchronized Optional<String> jobWithKey(String idempotencyKey) {
        return Optional.ofNullable(jobByIdempotencyKey.get(idempotencyKey));
    }

    /** Ids of the jobs that are not done yet and fit. */
    public synchronized List<String> open(Predicate<JobState> fits) {
        List<String> ids = new ArrayList<>();
        for (JobState job : jobs.values()) {
            if (job.isKnown() && !job.isTerminal() && fits.test(job)) {
                ids.add(job.id());
            }
        }
        return ids;
    }
}
