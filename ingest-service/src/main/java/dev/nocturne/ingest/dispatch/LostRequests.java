package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.JobCreated;
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
import dev.nocturne.ingest.lag.LagMonitor;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.telemetry.LogFields;
import dev.nocturne.schemas.Ids;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests again that are in no topic any more: offsets were reset past them, or a topic was
 * cut or deleted. They keep their ids and seeds, so the pictures are the same, and a result that
 * comes twice counts once.
 *
 * <p>A request is lost if it was released before a measurement of lag that found none, and has no
 * result in the log that was read after it. For the measurement takes what every stage has
 * committed, in the order of the pipeline, and then where the topics end; a stage commits what it
 * has read with what it has written. So nothing is on its way from one stage to the next unseen.
 */
public final class LostRequests implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(LostRequests.class);
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** Without a result, before it is asked whether a job's requests are lost; doubles. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static final Duration LONGEST_PATIENCE = Duration.ofHours(1);

    /** The files of many jobs, from a slow store. */
    private static final Duration LONGEST_LOOK = Duration.ofMinutes(15);

    /** Captions of one transaction. */
    private static final int ROUND = 500;

    /** A job as it was when it was looked at. */
    private record Standing(
            String id,
            JobCreated created,
            Instant startedAt,
            int releasedLine,
            int unfinished,
            boolean mayRun,
            Instant changedAt) {

        static Standing of(JobState job, Instant now) {
            boolean isDispatched = job.isDispatched();
            return new Standing(
                    job.id(),
                    job.created(),
                    job.startedAt(),
                    isDispatched ? job.released().getLine() : Integer.MAX_VALUE,
                    job.unfinished() - (isDispatched ? job.released().getHeld() : 0),
                    job.schedule().mayRun(now),
                    job.changedAt());
        }
    }

    private static final class Watched {
        Standing standing;
        Duration patience = PATIENCE;
        Instant sentAgainAt; // null if nothing was
    }

    private final JobTable jobs;
    private final FileStore files;
    private final RequestSender sender;
    private final BiConsumer<String, Problem> fail;
    private final JobPublisher publisher;
    private final Runnable catchUp;
    private final LagMonitor lag;
    private final Clock clock;
    private final Rounds rounds = new Rounds("lost-requests", LOOK, LONGEST_LOOK);
    private final Map<String, Watched> watched = new HashMap<>(); // the thread's own

    /**
     * @param fail ends a job that cannot go on
     * @param catchUp waits until the table knows everything that is in the log by now
     */
    public LostRequests(
            JobTable jobs,
            FileStore files,
            RequestSender sender,
            BiConsumer<String, Problem> fail,
            JobPublisher publisher,
            Runnable catchUp,
            LagMonitor lag,
            Clock clock) {
        this.jobs = jobs;
        this.files = files;
        this.sender = sender;
        this.fail = fail;
        this.publisher = publisher;
        this.catchUp = catchUp;
        this.lag = lag;
        this.clock = clock;
    }

    @Override
    public void start() {
        rounds.start(this::look);
    }

    @Override
    public Health health() {
        return rounds.health();
    }

    private void look() {
        try {
            Instant now = clock.instant();
            List<Standing> open = jobs.started(job -> Standing.of(job, now));
            watched.keySet().retainAll(open.stream().map(Standing::id).toList());
            open.forEach(this::watch);
            Instant empty = emptySince();
            if (empty != null && watched.values().stream().anyMatch(one -> isDue(one, empty))) {
                catchUp.run();
                for (Watched one : List.copyOf(watched.values())) {
                    if (isDue(one, empty)) {
                        rescue(one, now);
                    }
                }
            }
        } catch (Throwable e) { // the next look comes only if this one ends well
            if (!rounds.isStopped()) {
                LOG.warn("ING-14 lost requests not looked for, tried again: {}", e.toString());
                LOG.debug("ING-14", e);
            }
        } finally {
            rounds.beat();
        }
    }

    private void watch(Standing standing) {
        Watched one = watched.computeIfAbsent(standing.id(), id -> new Watched());
        if (!standing.equals(one.standing)) {
            if (one.sentAgainAt != null && standing.unfinished() < one.standing.unfinished()) {
                jobs.setProblem(standing.id(), null);
                one.sentAgainAt = null;
                one.patience = PATIENCE;
            }
            one.standing = standing;
        }
    }

    /** When the last measurement found nothing in any topic; null if it found something. */
    private Instant emptySince() {
        LagReport report = lag.state().report();
        return report != null && report.isEmpty() ? report.measuredAt() : null;
    }

    private static boolean isDue(Watched one, Instant empty) {
        Standing standing = one.standing;
        boolean isAgain = one.sentAgainAt != null && one.sentAgainAt.isAfter(standing.changedAt());
        Instant since = isAgain ? one.sentAgainAt : standing.changedAt();
        return standing.unfinished() > 0
                && standing.mayRun()
                && !empty.isBefore(since.plus(one.patience));
    }

    private void rescue(Watched one, Instant now) throws IOException {
        Standing standing = one.standing;
        String id = standing.id();
        Standing current = jobs.ask(id, job -> Standing.of(job, now)).orElseThrow();
        if (!current.equals(standing)) {
            return; // its results had come
        }
        String lost =
                "%d of its requests have no result and are in no topic"
                        .formatted(standing.unfinished());
        String remedy =
                standing.created() == null
                        ? "publish their captions again"
                        : "they are sent again, next look in " + one.patience.multipliedBy(2);
        LogFields.job(id, () -> LOG.warn("ING-15 job {}: {}: {}", id, lost, remedy));
        jobs.setProblem(id, "%s: %s".formatted(lost, remedy));
        Duration doubled = one.patience.multipliedBy(2);
        one.patience = doubled.compareTo(LONGEST_PATIENCE) < 0 ? doubled : LONGEST_PATIENCE;
        one.sentAgainAt = now;
        if (standing.created() != null) {
            try {
                sendAgain(standing, now);
            } catch (FileGoneException e) {
                fail.accept(id, e.problem());
            } catch (IOException | RuntimeException e) { // one job's alone
                LogFields.job(
                        id,
                        () ->
                                LOG.warn(
                                        "ING-16 job {}: not all sent again: {}",
                                        id,
                                        e.getMessage()));
            }
        }
    }

    private void sendAgain(Standing standing, Instant now) throws IOException {
        StoredFile file = files.require(standing.created().getInputFileId());
        boolean isGood = !standing.created().getSkipInvalid();
        Set<Long> finished = jobs.ask(standing.id(), JobState::finished).orElse(Set.of());
        try (CaptionReader reader =
                CaptionReader.open(
                        files, file, standing.id(), standing.startedAt(), isGood, finished)) {
            boolean[] more = {true};
            while (more[0]) {
                publisher.publish(
                        catchUp,
                        transaction -> {
                            int sent = 0;
                            while (more[0] && sent < ROUND) {
                                JobParser.Line line = next(reader, standing.releasedLine());
                                more[0] = line != null;
                                if (line != null && !isFinished(line)) {
                                    send(standing, line, now, transaction);
                                    sent++;
                                }
                            }
                            return sent > 0;
                        });
            }
        }
    }

    private boolean isFinished(JobParser.Line line) {
        long request = RequestNumber.of(line.requestId());
        return jobs.ask(line.request().getJobId(), job -> job.isFinished(request)).orElse(true);
    }

    /** Null behind what is released: the dispatcher sends that. */
    private static JobParser.Line next(CaptionReader reader, int releasedLine) {
        try {
            JobParser.Line line = reader.next();
            return line == null || line.number() > releasedLine ? null : line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The ranking has forgotten it before its candidates come again. */
    private void send(
            Standing standing, JobParser.Line line, Instant now, JobPublisher.Transaction to) {
        to.markSentAgain(Ids.key(standing.id(), line.requestId()));
        sender.send(standing.created(), line, now, to);
    }

    @Override
    public void close() {
        rounds.stop();
    }
}
