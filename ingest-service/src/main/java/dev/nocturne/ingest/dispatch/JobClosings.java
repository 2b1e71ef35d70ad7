package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.ingest.job.JobLog;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.Health;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Says that jobs are closed: of all that have come together since the last time, in one
 * transaction. Thread-safe.
 */
final class JobClosings {

    /** So many that a transaction costs little beside them. */
    private static final int AT_ONCE = 500;

    /** In which others come, where single captions are many. */
    private static final Duration PAUSE = Duration.ofMillis(20);

    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
    private static final Duration LONGEST_ROUND = Duration.ofMinutes(10);

    /** Is told what became of jobs; on a thread of the closings'. */
    interface Owner {
        void published(List<String> jobIds);

        void failed(List<String> jobIds, Throwable reason);
    }

    private record Closing(String jobId, JobClosed counts) {}

    private final JobTable jobs;
    private final JobPublisher publisher;
    private final JobEvents events;
    private final JobLog.Listener listener;
    private final Runnable catchUp;
    private final Owner owner;
    private final BlockingQueue<Closing> waiting = new LinkedBlockingQueue<>();
    private final Rounds rounds = new Rounds("job-closings", PAUSE, LONGEST_ROUND);

    JobClosings(
            JobTable jobs,
            JobPublisher publisher,
            JobEvents events,
            JobLog.Listener listener,
            Runnable catchUp,
            Owner owner) {
        this.jobs = jobs;
        this.publisher = publisher;
        this.events = events;
        this.listener = listener;
        this.catchUp = catchUp;
        this.owner = owner;
    }

    void start() {
        rounds.start(this::round);
    }

    Health health() {
        return rounds.health();
    }

    /** Of a job that has all it is to have; its owner hears of it. */
    void add(String jobId, JobClosed counts) {
        waiting.add(new Closing(jobId, counts));
        rounds.wake();
    }

    private Duration round() {
        List<Closing> batch = new ArrayList<>();
        waiting.drainTo(batch, AT_ONCE);
        if (!batch.isEmpty()) {
            publish(batch);
        }
        rounds.beat();
        return waiting.isEmpty() ? LONGEST_PAUSE : Duration.ZERO;
    }

    private void publish(List<Closing> batch) {
        List<String> ids = batch.stream().map(Closing::jobId).toList();
        try {
            publishOrThrow(batch);
        } catch (Throwable e) { // of any kind: all come again
            owner.failed(ids, e);
            return;
        }
        owner.published(ids);
    }

    private void publishOrThrow(List<Closing> batch) {
        Instant now = events.now();
        List<JobEvent> published = new ArrayList<>();
        publisher.publish(
                catchUp,
                transaction -> {
                    for (Closing closing : batch) {
                        if (isOpen(closing.jobId)) {
                            JobEvent event = new JobEvent(closing.jobId, now, closing.counts);
                            transaction.send(Topics.JOB_EVENTS, closing.jobId, event);
                            published.add(event);
                        }
                    }
                    return !published.isEmpty();
                });
        published.forEach(listener::read);
    }

    /** False if an earlier attempt, of which nobody heard, has closed it. */
    private boolean isOpen(String jobId) {
        return jobs.ask(jobId, job -> !job.isTerminal()).orElse(false);
    }

    void close() {
        rounds.stop();
    }
}
