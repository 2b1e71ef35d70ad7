package dev.nocturne.ingest.shell;

import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.job.Election;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.Term;
import dev.nocturne.runtime.DaemonThreads;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the leader's tasks while this instance leads: made anew for every term, once nothing of an
 * earlier leader can come any more and the table knows all that came. Thread-safe.
 */
final class Leadership implements Election.Candidate, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration CLOSED = Duration.ofSeconds(10);

    private final JobPublisher publisher;
    private final Runnable catchUp;
    private final Election election;
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(DaemonThreads.named("leader"));
    private Future<?> beginning; // null before the first term; the election's thread's own
    private Supplier<List<BackgroundTask>> tasks; // written before the election is started
    private volatile List<BackgroundTask> running = List.of();
    private volatile boolean leads;

    /**
     * @param catchUp waits until the table knows everything that is in the log by now
     */
    Leadership(
            KafkaSettings kafka, JobPublisher publisher, Runnable catchUp, MeterRegistry meters) {
        this.publisher = publisher;
        this.catchUp = catchUp;
        election = new Election(kafka, this);
        Gauge.builder("nocturne.ingest.leading", this, one -> one.leads ? 1 : 0)
                .description("1 if this ingest-service leads, else 0")
                .strongReference(true)
                .register(meters);
    }

    /**
     * From now on this instance can be elected: it knows all jobs. Later calls change nothing.
     *
     * @param tasks makes those of one term
     */
    void start(Supplier<List<BackgroundTask>> tasks) {
        this.tasks = tasks;
        election.start();
    }

    boolean leads() {
        return leads;
    }

    @Override
    public void elected(Term term) {
        beginning = submit(() -> begin(term));
    }

    @Override
    public void deposed() {
        beginning.cancel(true);
        submit(this::end);
    }

    private Future<?> submit(Runnable task) {
        try {
            return thread.submit(task);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.completedFuture(null); // closing
        }
    }

    private void begin(Term term) {
        try {
            boolean begun = false;
            while (!begun && !term.isOver()) {
                begun = lead(term);
                if (!begun) {
                    term.awaitEnd(RETRY);
                }
            }
            if (!term.isOver()) {
                running = tasks.get();
                running.forEach(BackgroundTask::start);
                leads = true;
                LOG.info("this ingest-service leads");
            }
        } catch (InterruptedException | InterruptException e) {
            Thread.currentThread().interrupt(); // deposed, or closing
        } catch (Throwable e) { // of any kind: another may do better
            LOG.error("ING-29 this ingest-service cannot lead: {}", e.toString());
            LOG.debug("ING-29", e);
            term.end();
        }
    }

    private boolean lead(Term term) {
        try {
            publisher.lead(term, catchUp);
            return true;
        } catch (IngestException e) {
            if (!term.isOver() && !thread.isShutdown()) {
                LOG.warn("ING-29 elected, but not leading yet: {}", e.getMessage());
            }
            return false;
        }
    }

    private void end() {
        if (leads) {
            LOG.info("this ingest-service leads no longer");
        }
        leads = false;
        running.forEach(BackgroundTask::close);
        running = List.of();
    }

    Health health() {
        List<Health> all = new ArrayList<>();
        boolean alive = election.isAlive();
        all.add(
                new Health(
                        alive, alive, alive ? standing() : "the thread of the election is dead"));
        running.forEach(task -> all.add(task.health()));
        return Health.all(all);
    }

    private String standing() {
        return leads ? "it leads" : "it does not lead";
    }

    /** Its tasks end first, as the leader's, then another may lead. */
    @Override
    public void close() {
        thread.shutdownNow();
        try {
            thread.awaitTermination(CLOSED.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        end();
        election.close();
    }
}
