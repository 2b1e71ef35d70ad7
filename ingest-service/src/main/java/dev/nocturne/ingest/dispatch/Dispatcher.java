package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobReleased;
import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.file.FileGoneException;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.job.RequestInFlight;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.telemetry.LogFields;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Releases the captions of jobs from their files just in time: so many are in flight that no stage
 * runs dry, and the rest waits where it can still be reordered, paused or dropped.
 *
 * <p>A round of portions is one transaction with a {@link JobReleased} for each job in it. So the
 * log says how far every job is, and a round is in it as a whole or not at all. Nothing is read
 * back in between: this process alone releases, and whatever a broken round or an earlier process
 * has done is read before the next transaction, which is refused if a job is then further than
 * thought.
 */
public final class Dispatcher implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);

    /** While pictures are drawn: the throughput has a clock, which is wound up here. */
    private static final Duration DRAWING_PAUSE = Duration.ofSeconds(1);

    /** Whatever is due is known before; but clocks are set. */
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private static final Duration RETRY = Duration.ofSeconds(2);

    /** The files of many jobs, from a slow store. */
    private static final Duration LONGEST_ROUND = Duration.ofMinutes(15);

    /** Jobs that take part at once; others wait until one of them is released to its end. */
    private static final int MAX_READERS = 64;

    private final JobTable jobs;
    private final FileStore files;
    private final RequestSender sender;
    private final BiConsumer<String, Problem> fail;
    private final JobPublisher publisher;
    private final Runnable catchUp;
    private final Clock clock;
    private final Rounds rounds = new Rounds("dispatcher", SHORTEST_PAUSE, LONGEST_ROUND);
    private volatile Runnable endOfChanges = () -> {};

    // of the dispatcher's thread alone
    private final Map<String, CaptionReader> readers = new HashMap<>();
    private final Map<String, Long> lastTurns = new HashMap<>();
    private final Map<String, Instant> notBefore = new HashMap<>(); // after an error
    private final Set<String> counted = new HashSet<>(); // what is in flight of them is known
    private long turns;

    /**
     * @param fail ends a job that cannot go on
     * @param catchUp waits until the table knows everything that is in the log by now
     */
    public Dispatcher(
            JobTable jobs,
            FileStore files,
            RequestSender sender,
            BiConsumer<String, Problem> fail,
            JobPublisher publisher,
            Runnable catchUp,
            Clock clock) {
        this.jobs = jobs;
        this.files = files;
        this.sender = sender;
        this.fail = fail;
        this.publisher = publisher;
        this.catchUp = catchUp;
        this.clock = clock;
    }

    @Override
    public void start() {
        endOfChanges = jobs.onChange(id -> rounds.wake());
        rounds.start(this::round);
    }

    /**
     * A job as it is at the beginning of a round.
     *
     * @param opensAt when captions of it may be released; {@link Instant#MAX} if none is held
     * @param inFlight candidates
     */
    private record DispatchedJob(
            String id,
            JobCreated created,
            Instant startedAt,
            JobReleased released,
            Instant opensAt,
            long inFlight) {

        static DispatchedJob of(JobState job, Instant now) {
            boolean isHeld = job.released().getHeld() > 0;
            return new DispatchedJob(
                    job.id(),
                    job.created(),
                    job.startedAt(),
                    job.released(),
                    isHeld ? job.schedule().opening(now) : Instant.MAX,
                    job.candidatesInFlight());
        }

        boolean mayRun(Instant now) {
            return !opensAt.isAfter(now);
        }
    }

    /**
     * @return how long nothing will be due unless a job changes
     */
    private Duration round() {
        try {
            List<DispatchedJob> dispatched = List.of();
            Instant now = now();
            boolean more = true;
            while (more && !Thread.currentThread().isInterrupted()) {
                now = now();
                dispatched = dispatchedJobs(now);
                more = release(dispatched, now);
                rounds.beat();
            }
            return pause(dispatched, now);
        } catch (RuntimeException e) {
            rounds.beat();
            logFailure(e);
        } catch (Throwable e) { // the next round comes only if this one ends well
            logFailure(e);
        }
        return RETRY;
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    /** The jobs that there are, with the files open of those that may run. */
    private List<DispatchedJob> dispatchedJobs(Instant now) {
        jobs.throughput().tick(now, jobs.isDrawing());
        List<DispatchedJob> dispatched =
                new ArrayList<>(jobs.dispatched(job -> DispatchedJob.of(job, now)));
        dispatched.sort(
                Comparator.comparing(DispatchedJob::startedAt).thenComparing(DispatchedJob::id));
        forgetOthers(dispatched);
        dispatched.forEach(job -> prepare(job, now));
        return dispatched;
    }

    private Duration pause(List<DispatchedJob> dispatched, Instant now) {
        boolean isFileClosed =
                dispatched.stream()
                        .anyMatch(
                                job ->
                                        job.mayRun(now)
                                                && !readers.containsKey(job.id())
                                                && !notBefore.containsKey(job.id()));
        if (isFileClosed && readers.size() < MAX_READERS) {
            return SHORTEST_PAUSE;
        }
        Instant latest = now.plus(jobs.isDrawing() ? DRAWING_PAUSE : LONGEST_PAUSE);
        Instant due =
                Stream.concat(
                                dispatched.stream().map(DispatchedJob::opensAt),
                                notBefore.values().stream())
                        .filter(at -> at.isAfter(now) && at.isBefore(latest))
                        .min(Comparator.naturalOrder())
                        .orElse(latest);
        return Duration.between(now, due);
    }

    private void logFailure(Throwable e) {
        if (!rounds.isStopped()) {
            LOG.warn("ING-04 captions not released, tried again: {}", e.toString());
            LOG.debug("ING-04", e);
        }
    }

    @Override
    public Health health() {
        return rounds.health();
    }

    private void forgetOthers(List<DispatchedJob> dispatched) {
        Set<String> ids = new HashSet<>();
        dispatched.forEach(job -> ids.add(job.id()));
        for (String id : List.copyOf(readers.keySet())) {
            if (!ids.contains(id)) {
                closeReader(id);
            }
        }
        lastTurns.keySet().retainAll(ids);
        notBefore.keySet().retainAll(ids);
        counted.retainAll(ids);
    }

    /**
     * Opens the file of a job that may run, and of one of which it is not known what is in flight.
     */
    private void prepare(DispatchedJob job, Instant now) {
        String id = job.id();
        if (job.released().getLine() == 0) {
            counted.add(id);
        }
        if (!job.mayRun(now) && counted.contains(id)) {
            closeReader(id);
            return;
        }
        boolean wait = now.isBefore(notBefore.getOrDefault(id, Instant.MIN));
        if (readers.containsKey(id) || readers.size() >= MAX_READERS || wait) {
            return;
        }
        try {
            readers.put(id, openAt(job));
            counted.add(id);
            notBefore.remove(id);
        } catch (FileGoneException e) {
            fail.accept(id, e.problem());
        } catch (IOException | RuntimeException e) { // one job's alone: the others go on
            notBefore.put(id, now.plus(RETRY));
            LogFields.job(
                    id,
                    () ->
                            LOG.warn(
                                    "job {}: file not open, next try in {}: {}",
                                    id,
                                    RETRY,
                                    e.getMessage()));
        }
    }

    /** Behind what is released; what of that has no result yet is in flight. */
    private CaptionReader openAt(DispatchedJob job) throws IOException {
        String fileId = job.created().getInputFileId();
        StoredFile file = files.require(fileId);
        boolean isGood = !job.created().getSkipInvalid();
        Set<Long> finished = jobs.ask(job.id(), JobState::finished).orElseThrow();
        CaptionReader reader =
                CaptionReader.open(files, file, job.id(), job.startedAt(), isGood, finished);
        try {
            Map<Long, RequestInFlight> inFlight = new HashMap<>();
            while (reader.line() < job.released().getLine()) {
                JobParser.Line line = reader.next();
                if (line == null) {
                    throw new IOException(
                            "file '%s' has no line %d any more"
                                    .formatted(fileId, job.released().getLine()));
                }
                long request = RequestNumber.of(line.requestId());
                if (!finished.contains(request)) {
                    inFlight.put(
                            request,
                            new RequestInFlight(line.caption().getOptions().getCandidates(), null));
                }
            }
            jobs.addInFlight(job.id(), inFlight);
            return reader;
        } catch (IOException | RuntimeException e) {
            reader.close();
            throw e;
        }
    }

    /**
     * @return whether there is more to release at once
     */
    private boolean release(List<DispatchedJob> dispatched, Instant now) {
        ReleaseRound round =
                new ReleaseRound(
                        sender, jobs.throughput().target(), jobs.candidatesInFlight(), turns, now);
        dispatched.stream()
                .filter(job -> job.mayRun(now) && readers.containsKey(job.id()))
                .forEach(job -> claim(round, job));
        if (!round.isWanted()) {
            return false;
        }
        try {
            boolean isPublished =
                    publisher.publish(
                            catchUp, to -> closeReadersThatAreBehind() && round.sendTo(to));
            if (!isPublished) {
                return false;
            }
        } catch (RuntimeException e) {
            // the readers have gone on, and the round may be in the log for all that is known
            for (ReleaseRound.Claim claim : round.claims()) {
                retryLater(claim.id());
                counted.remove(claim.id());
            }
            throw e;
        } finally {
            round.claims().stream()
                    .filter(ReleaseRound.Claim::isBroken)
                    .forEach(claim -> retryLater(claim.id()));
        }
        turns = round.turn();
        for (ReleaseRound.Claim claim : round.claims()) {
            if (!claim.released().isEmpty()) {
                jobs.add(claim.event());
                jobs.addInFlight(claim.id(), claim.released());
                lastTurns.put(claim.id(), claim.lastTurn());
            }
        }
        return round.isFull();
    }

    private void claim(ReleaseRound round, DispatchedJob job) {
        round.add(
                job.id(),
                job.created(),
                job.released(),
                readers.get(job.id()),
                job.inFlight(),
                lastTurns.getOrDefault(job.id(), 0L));
    }

    /**
     * A job may be further by an earlier transaction of which nobody heard: its file is opened
     * again where the job is.
     *
     * @return whether there was none
     */
    private boolean closeReadersThatAreBehind() {
        List<String> behind =
                readers.entrySet().stream()
                        .filter(reader -> isBehind(reader.getKey(), reader.getValue()))
                        .map(Map.Entry::getKey)
                        .toList();
        behind.forEach(this::closeReader);
        return behind.isEmpty();
    }

    private boolean isBehind(String id, CaptionReader reader) {
        return jobs.ask(id, job -> job.released().getLine() != reader.line()).orElse(true);
    }

    /** Its reader has gone on behind what was released. */
    private void retryLater(String id) {
        closeReader(id);
        notBefore.put(id, clock.instant().plus(RETRY));
    }

    private void closeReader(String id) {
        try (CaptionReader reader = readers.remove(id)) {
            LOG.debug("job {}: file closed ({})", id, reader);
        } catch (IOException e) {
            LOG.warn("job {}: {}", id, e.getMessage());
        }
    }

    @Override
    public void close() {
        endOfChanges.run();
        if (rounds.stop()) {
            List.copyOf(readers.keySet()).forEach(this::closeReader);
        }
    }
}
