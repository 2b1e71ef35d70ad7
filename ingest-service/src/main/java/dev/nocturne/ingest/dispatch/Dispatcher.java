package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobReleased;
import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.IngestException;
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
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.StageException;
import dev.nocturne.schemas.Topics;
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
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Releases the captions of jobs from their files just in time: so many are on their way that no
 * stage runs dry, and the rest waits where it can still be reordered, paused or dropped.
 *
 * <p>A round of portions is one transaction with a {@link JobReleased} for each job in it. So the
 * log says how far every job is, and a round is in it as a whole or not at all. Nothing is read
 * back in between: this process alone releases, and whatever a broken round or an earlier process
 * has done is read before the next transaction, which is refused if a job is then further than
 * thought.
 */
public final class Dispatcher implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
    private static final Duration TICK = Duration.ofMillis(100);
    private static final Duration RETRY = Duration.ofSeconds(2);

    /** The files of many jobs, from a slow store. */
    private static final Duration LONGEST_TICK = Duration.ofMinutes(15);

    /** Captions of one transaction. */
    private static final int ROUND = 1_000;

    /** A transaction ends after it, however slowly its captions come. */
    private static final Duration LONGEST_ROUND = Duration.ofSeconds(1);

    /** Jobs that take part at once; others wait until one of them is released to its end. */
    private static final int MAX_READERS = 64;

    private final JobTable jobs;
    private final FileStore files;
    private final RequestSender sender;
    private final BiConsumer<String, Problem> fail;
    private final JobPublisher publisher;
    private final Runnable catchUp;
    private final Clock clock;
    private final Rounds rounds = new Rounds("dispatcher", TICK, LONGEST_TICK);

    // of the dispatcher's thread alone
    private final Map<String, CaptionReader> readers = new HashMap<>();
    private final Map<String, Long> lastTurns = new HashMap<>();
    private final Map<String, Instant> notBefore = new HashMap<>(); // after an error
    private final Set<String> counted = new HashSet<>(); // what is out of them is known
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
        rounds.start(this::tick);
    }

    /** A job as it was when it was looked at. */
    private record Look(
            String id,
            JobCreated created,
            Instant startedAt,
            JobReleased released,
            boolean mayRun,
            long out) {

        static Look at(JobState job, Instant now) {
            boolean mayRun = job.released().getHeld() > 0 && job.schedule().mayRun(now);
            return new Look(
                    job.id(), job.created(), job.startedAt(), job.released(), mayRun, job.out());
        }
    }

    private void tick() {
        try {
            boolean more = true;
            while (more && !Thread.currentThread().isInterrupted()) {
                Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
                jobs.throughput().tick(now, jobs.isDrawing());
                List<Look> looks = new ArrayList<>(jobs.dispatched(job -> Look.at(job, now)));
                looks.sort(Comparator.comparing(Look::startedAt).thenComparing(Look::id));
                forgetOthers(looks);
                looks.forEach(look -> prepare(look, now));
                more = release(looks, now);
                rounds.beat();
            }
        } catch (RuntimeException e) {
            rounds.beat();
            logFailure(e);
        } catch (Throwable e) { // the next tick comes only if this one ends well
            logFailure(e);
        }
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

    private void forgetOthers(List<Look> looks) {
        Set<String> ids = new HashSet<>();
        looks.forEach(look -> ids.add(look.id()));
        for (String id : List.copyOf(readers.keySet())) {
            if (!ids.contains(id)) {
                closeReader(id);
            }
        }
        lastTurns.keySet().retainAll(ids);
        notBefore.keySet().retainAll(ids);
        counted.retainAll(ids);
    }

    /** Opens the file of a job that may run, and of one of which it is not known what is out. */
    private void prepare(Look look, Instant now) {
        String id = look.id();
        if (look.released().getLine() == 0) {
            counted.add(id);
        }
        if (!look.mayRun() && counted.contains(id)) {
            closeReader(id);
            return;
        }
        boolean wait = now.isBefore(notBefore.getOrDefault(id, Instant.MIN));
        if (readers.containsKey(id) || readers.size() >= MAX_READERS || wait) {
            return;
        }
        try {
            readers.put(id, openAt(look));
            counted.add(id);
            notBefore.remove(id);
        } catch (FileGoneException e) {
            fail.accept(id, e.problem());
        } catch (IOException | RuntimeException e) { // one job's alone: the others go on
            notBefore.put(id, now.plus(RETRY));
            LOG.warn("job {}: file not open, next try in {}: {}", id, RETRY, e.getMessage());
        }
    }

    /** Behind what is released; what of that has no result yet is out. */
    private CaptionReader openAt(Look look) throws IOException {
        String fileId = look.created().getInputFileId();
        StoredFile file = files.require(fileId);
        boolean isGood = !look.created().getSkipInvalid();
        Set<Long> finished = jobs.ask(look.id(), JobState::finished).orElseThrow();
        CaptionReader reader =
                CaptionReader.open(files, file, look.id(), look.startedAt(), isGood, finished);
        try {
            Map<Long, JobState.Out> out = new HashMap<>();
            while (reader.line() < look.released().getLine()) {
                JobParser.Line line = reader.next();
                if (line == null) {
                    throw new IOException(
                            "file '%s' has no line %d any more"
                                    .formatted(fileId, look.released().getLine()));
                }
                long request = RequestNumber.of(line.requestId());
                if (!finished.contains(request)) {
                    out.put(
                            request,
                            new JobState.Out(line.caption().getOptions().getCandidates(), null));
                }
            }
            jobs.addOut(look.id(), out);
            return reader;
        } catch (IOException | RuntimeException e) {
            reader.close();
            throw e;
        }
    }

    /**
     * @return whether there is more to release at once
     */
    private boolean release(List<Look> looks, Instant now) {
        Round round = new Round(jobs.throughput().target(), jobs.out(), now);
        looks.stream()
                .filter(look -> look.mayRun() && readers.containsKey(look.id()))
                .map(look -> new Claim(look, lastTurns.getOrDefault(look.id(), 0L)))
                .forEach(round.claims::add);
        if (round.claims.isEmpty() || !FairShare.isRoom(round.target, round.out)) {
            return false;
        }
        try {
            if (!publisher.publish(catchUp, round::sendTo)) {
                return false;
            }
        } catch (RuntimeException e) {
            // the readers have gone on, and the round may be in the log for all that is known
            for (Claim claim : round.claims) {
                retryLater(claim);
                counted.remove(claim.id);
            }
            throw e;
        } finally {
            round.claims.stream().filter(claim -> claim.isBroken).forEach(this::retryLater);
        }
        for (Claim claim : round.claims) {
            if (!claim.released.isEmpty()) {
                jobs.add(claim.event(now));
                jobs.addOut(claim.id, claim.released);
                lastTurns.put(claim.id, claim.lastTurn);
            }
        }
        return round.sent > 0 && round.isFull();
    }

    /** Its reader has gone on behind what was released. */
    private void retryLater(Claim claim) {
        closeReader(claim.id);
        notBefore.put(claim.id, clock.instant().plus(RETRY));
    }

    private final class Claim implements FairShare.Claim {
        private final String id;
        private final JobCreated created;
        private final CaptionReader reader;
        private final Map<Long, JobState.Out> released = new HashMap<>();
        private int line; // released up to it
        private int held;
        private long heldCandidates;
        private long out;
        private long lastTurn;
        private boolean isBroken; // its source is away

        Claim(Look look, long lastTurn) {
            this.id = look.id();
            this.created = look.created();
            this.reader = readers.get(id);
            this.line = look.released().getLine();
            this.held = look.released().getHeld();
            this.heldCandidates = look.released().getHeldCandidates();
            this.out = look.out();
            this.lastTurn = lastTurn;
        }

        @Override
        public long out() {
            return out;
        }

        @Override
        public long lastTurn() {
            return lastTurn;
        }

        /** By an earlier transaction of which nobody heard. */
        boolean isFurther() {
            return jobs.ask(id, job -> job.released().getLine() != reader.line()).orElseThrow();
        }

        /**
         * Sends the next caption, or nothing of it.
         *
         * @return its candidates
         * @throws IOException if the file breaks off
         * @throws StageException the store's, with what it keeps of a replayed request
         */
        int sendNext(Instant now, JobPublisher.Transaction transaction) throws IOException {
            JobParser.Line next = reader.next();
            if (next == null) {
                throw new IOException("the file ends %d captions too early".formatted(held));
            }
            sender.send(created, next, now, transaction);
            int candidates = next.caption().getOptions().getCandidates();
            // the time of what is not drawn says nothing about the drawing
            Instant since = created.getReplay() == null ? now : null;
            released.put(RequestNumber.of(next.requestId()), new JobState.Out(candidates, since));
            line = next.number();
            held--;
            heldCandidates -= candidates;
            out += candidates;
            return candidates;
        }

        JobEvent event(Instant now) {
            return new JobEvent(id, now, new JobReleased(line, held, heldCandidates));
        }
    }

    /** The portions of one transaction. */
    private final class Round {
        private final long target;
        private final Instant now;
        private final List<Claim> claims = new ArrayList<>();
        private long start; // in nanoseconds: clocks are set
        private long out;
        private int sent;

        Round(long target, long out, Instant now) {
            this.target = target;
            this.out = out;
            this.now = now;
        }

        boolean isFull() {
            return sent >= ROUND || System.nanoTime() - start >= LONGEST_ROUND.toNanos();
        }

        boolean sendTo(JobPublisher.Transaction transaction) {
            start = System.nanoTime();
            List<Claim> further = claims.stream().filter(Claim::isFurther).toList();
            further.forEach(claim -> closeReader(claim.id)); // opened again where the job is
            if (!further.isEmpty()) {
                return false;
            }
            List<Claim> left = new ArrayList<>(claims);
            while (!isFull() && FairShare.isRoom(target, out)) {
                Optional<Claim> next = FairShare.next(left);
                if (next.isEmpty()) {
                    break;
                }
                sendPortion(next.get(), transaction);
                if (next.get().held == 0 || next.get().isBroken) {
                    left.remove(next.get());
                }
            }
            for (Claim claim : claims) {
                if (!claim.released.isEmpty()) {
                    transaction.send(Topics.JOB_EVENTS, claim.id, claim.event(now));
                }
            }
            return sent > 0;
        }

        private void sendPortion(Claim claim, JobPublisher.Transaction transaction) {
            long portion = FairShare.portion(target);
            long before = claim.out;
            try {
                while (claim.held > 0 && !isFull() && claim.out - before < portion) {
                    out += claim.sendNext(now, transaction);
                    sent++;
                }
            } catch (IOException | StageException | IngestException e) {
                claim.isBroken = true; // the others go on
                LOG.warn(
                        "job {}: no more captions, next try in {}: {}",
                        claim.id,
                        RETRY,
                        e.getMessage());
            }
            claim.lastTurn = ++turns;
        }
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
        if (rounds.stop()) {
            List.copyOf(readers.keySet()).forEach(this::closeReader);
        }
    }
}
