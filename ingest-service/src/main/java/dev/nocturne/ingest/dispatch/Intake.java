package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.Failure;
import dev.nocturne.events.FileProblem;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobRejected;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StopReason;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.caption.PictureSizes;
import dev.nocturne.ingest.caption.Survey;
import dev.nocturne.ingest.file.FileGoneException;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.job.Backlog;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.ingest.job.JobLog;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.telemetry.LogFields;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts jobs from their files, and ends what of a stopped job is unfinished. A line is in memory
 * at a time. Every step may be repeated, and after a step has been broken off its repetition does
 * what is left: the log says how far a job is.
 */
public final class Intake {

    private static final Logger LOG = LoggerFactory.getLogger(Intake.class);
    private static final String STAGE = "ingest";

    private final JobTable jobs;
    private final FileStore files;
    private final Backlog backlog;
    private final JobPublisher publisher;
    private final Runnable catchUp;
    private final JobLog.Listener listener;
    private final Supplier<PictureSizes> pictureSizes;
    private final JobEvents events;

    /**
     * @param catchUp waits until the table knows everything that is in the log by now
     * @param listener told at once what is published here; it comes again from the log
     * @param pictureSizes the model's, as far as it is known by now
     */
    public Intake(
            JobTable jobs,
            FileStore files,
            Backlog backlog,
            JobPublisher publisher,
            Runnable catchUp,
            JobLog.Listener listener,
            Supplier<PictureSizes> pictureSizes,
            JobEvents events) {
        this.jobs = jobs;
        this.files = files;
        this.backlog = backlog;
        this.publisher = publisher;
        this.catchUp = catchUp;
        this.listener = listener;
        this.pictureSizes = pictureSizes;
        this.events = events;
    }

    /** Sends the results of a job's bad lines, at the time of its start. */
    private interface BadLines {
        void sendTo(JobPublisher.Transaction transaction, Instant now);
    }

    /**
     * Takes a job that was created from validation to its start, or to its rejection; a job that
     * has been stopped meanwhile is closed. One job at a time, in the order of their coming.
     *
     * @throws IngestException TOO_MANY while it must wait for others, UNAVAILABLE as {@link
     *     Survey#of}
     * @throws FileGoneException as {@link #endUnfinished} does
     */
    public synchronized void start(String jobId) throws IOException {
        if (!isToBeStarted(jobId)) {
            return;
        }
        JobCreated created = jobs.ask(jobId, JobState::created).orElseThrow();
        if (isDrawn(created)) {
            backlog.requireRoomToStart(jobId, 0);
        }
        Path local = files.download(files.require(created.getInputFileId()));
        try {
            PictureSizes pictures = pictureSizes.get();
            Survey survey = Survey.of(local, pictures);
            start(
                    jobId,
                    created,
                    survey,
                    (transaction, now) -> {
                        if (!survey.problems().isEmpty()) {
                            sendBadLines(jobId, local, pictures, now, transaction);
                        }
                    });
        } finally {
            Files.deleteIfExists(local);
        }
    }

    /**
     * As {@link #start(String)}, of a job whose file was read before it was created.
     *
     * @param survey without problems
     */
    public synchronized void start(String jobId, Survey survey) throws IOException {
        if (isToBeStarted(jobId)) {
            JobCreated created = jobs.ask(jobId, JobState::created).orElseThrow();
            start(jobId, created, survey, (transaction, now) -> {});
        }
    }

    private boolean isToBeStarted(String jobId) {
        if (isStopped(jobId)) {
            closeBeforeStart(jobId);
            return false;
        }
        return !isStarted(jobId);
    }

    /** False if its candidates were drawn by another job. */
    private static boolean isDrawn(JobCreated created) {
        return created.getReplay() == null;
    }

    private void start(String jobId, JobCreated created, Survey survey, BadLines badLines)
            throws IOException {
        List<Problem> problems = survey.problems();
        boolean isBad = !problems.isEmpty() && (survey.isHopeless() || !created.getSkipInvalid());
        Problem tooLarge = isDrawn(created) ? backlog.problem(survey.candidates()) : null;
        if (isBad) {
            reject(jobId, problems);
        } else if (tooLarge != null) {
            reject(jobId, List.of(tooLarge));
        } else {
            if (isDrawn(created)) {
                backlog.requireRoomToStart(jobId, survey.candidates());
            }
            publishStart(jobId, survey, badLines);
        }
    }

    private boolean isStopped(String jobId) {
        return jobs.ask(jobId, job -> job.stopped() != null).orElseThrow();
    }

    /** Ends a job as failed, started or not: it cannot go on. What is finished stays. */
    public void fail(String jobId, Problem problem) {
        if (jobs.ask(jobId, JobState::isTerminal).orElse(true)) {
            return; // told by another
        }
        reject(jobId, List.of(problem));
    }

    private void reject(String jobId, List<Problem> problems) {
        events.publishLeading(
                jobId,
                new JobRejected(
                        problems.stream()
                                .map(
                                        problem ->
                                                new FileProblem(
                                                        problem.line(),
                                                        problem.param(),
                                                        problem.code(),
                                                        problem.message()))
                                .toList()));
        LogFields.job(jobId, () -> LOG.warn("job {} failed: {}", jobId, problems.get(0).message()));
    }

    /** Captions stay in the file; the dispatcher releases them. */
    private void publishStart(String jobId, Survey survey, BadLines badLines) throws IOException {
        Instant now = events.now();
        JobSubmitted submitted =
                new JobSubmitted(jobId, survey.lines(), now, survey.firstCaption());
        JobEvent held =
                new JobEvent(
                        jobId, now, new JobReleased(0, survey.captions(), survey.candidates()));
        try {
            boolean published =
                    publisher.publish(
                            catchUp,
                            transaction -> {
                                if (isStarted(jobId)) {
                                    return false; // by the transaction of an earlier attempt
                                }
                                transaction.send(Topics.JOBS, jobId, submitted);
                                transaction.send(Topics.JOB_EVENTS, jobId, held);
                                badLines.sendTo(transaction, now);
                                return !isStopped(jobId);
                            });
            if (published) {
                listener.read(held);
                listener.read(submitted);
                LogFields.job(
                        jobId,
                        () -> LOG.info("job {} started: {} captions", jobId, survey.captions()));
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private boolean isStarted(String jobId) {
        return jobs.ask(jobId, JobState::isStarted).orElseThrow();
    }

    private static void sendBadLines(
            String jobId,
            Path file,
            PictureSizes pictures,
            Instant now,
            JobPublisher.Transaction transaction) {
        try (InputStream in = Files.newInputStream(file)) {
            JobParser parser = JobParser.ofNewFile(in, jobId, now, pictures);
            for (JobParser.Line line = parser.next(); line != null; line = parser.next()) {
                if (!line.isGood()) {
                    transaction.send(
                            Topics.RESULTS,
                            Ids.key(jobId, line.requestId()),
                            failed(jobId, line, now));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static RequestFinished failed(String jobId, JobParser.Line line, Instant now) {
        Problem first = line.problems().get(0);
        return new RequestFinished(
                new RequestRef(jobId, line.requestId(), line.customId(), ""),
                RequestStatus.FAILED,
                List.of(),
                new Failure(first.code(), STAGE, first.message(), first.param(), line.number()),
                now);
    }

    /** The barrier first: an earlier attempt may have started it after all. */
    private void closeBeforeStart(String jobId) {
        publisher.publish(catchUp, transaction -> false);
        if (!isStarted(jobId)) {
            events.publishLeading(jobId, new JobClosed(0, 0, 0, 0, events.now()));
        }
    }

    /**
     * Gives every unfinished request of a stopped job its result: cancelled, or expired. A picture
     * that is finished at the same time counts if its result comes first in the log.
     */
    synchronized void endUnfinished(String jobId) throws IOException {
        JobCreated created = jobs.ask(jobId, JobState::created).orElseThrow();
        StopReason reason = jobs.ask(jobId, JobState::stopped).orElseThrow();
        Path local = files.download(files.require(created.getInputFileId()));
        try {
            publisher.publish(
                    catchUp,
                    transaction -> {
                        sendEnds(jobId, reason, local, transaction);
                        return true;
                    });
            catchUp.run(); // or it would be done again
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            Files.deleteIfExists(local);
        }
    }

    private void sendEnds(
            String jobId, StopReason reason, Path file, JobPublisher.Transaction transaction) {
        Instant now = events.now();
        Failure failure = stopFailure(reason);
        int count = 0;
        try (InputStream in = Files.newInputStream(file)) {
            JobParser parser = new JobParser(in, jobId, now);
            for (JobParser.Line line = parser.next(); line != null; line = parser.next()) {
                String requestId = line.requestId();
                String bad = JobParser.badRequestId(jobId, line.number());
                if (line.isGood()
                        // the version that started the job may have ended it as bad
                        && !jobs.ask(jobId, job -> job.isFinished(bad)).get()
                        && !jobs.ask(jobId, job -> job.isFinished(requestId)).get()) {
                    count++;
                    transaction.send(
                            Topics.RESULTS,
                            Ids.key(jobId, requestId),
                            new RequestFinished(
                                    line.request(),
                                    RequestStatus.valueOf(reason.name()),
                                    List.of(),
                                    failure,
                                    now));
                }
            }
            LOG.info("job {} {}: {} unfinished requests ended", jobId, reason, count);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Failure stopFailure(StopReason reason) {
        return switch (reason) {
            case CANCELLED ->
                    new Failure(
                            ReasonCodes.BATCH_CANCELLED,
                            STAGE,
                            "the batch was cancelled before this request was finished",
                            null,
                            null);
            case EXPIRED ->
                    new Failure(
                            ReasonCodes.BATCH_EXPIRED,
                            STAGE,
                            "the completion window was over before this request was finished",
                            null,
                            null);
        };
    }
}
