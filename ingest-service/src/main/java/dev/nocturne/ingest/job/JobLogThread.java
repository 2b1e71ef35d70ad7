package dev.nocturne.ingest.job;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TransientException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the job log on a thread of its own until it is closed: whatever is away may come back, and
 * then the log is read as at the start again.
 */
public final class JobLogThread implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JobLogThread.class);
    private static final Duration RETRY = Duration.ofSeconds(2);
    private static final Duration TELL = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /** Whose jobs they are; each method is called on the thread. */
    public interface Owner {

        /**
         * Called before the log is read.
         *
         * @throws TransientException if something is away that reading has to wait for
         */
        void prepare();

        /** Everything has been read that was in the log when reading began. */
        void caughtUp(String standing);

        /**
         * Not everything has been read, or is any more.
         *
         * @param standing how far reading is, or why it does not go on
         */
        void isBehind(String standing);
    }

    private final KafkaSettings kafka;
    private final JobIndex index;
    private final JobLog.Listener listener;
    private final SkippedRecords skipped;
    private final Supplier<Owner> opening;
    private final Consumer<Throwable> failed;
    private final Thread thread = new Thread(this::run, "job-log");
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile JobLog log; // null while Kafka or the store is away
    private volatile String standing = "starting";
    private long toldNanos; // the thread's own

    /**
     * @param index of the listener
     * @param opening makes the owner, on the thread; what it throws ends the thread
     * @param failed is told why the thread ends, long before it is closed
     */
    public JobLogThread(
            KafkaSettings kafka,
            JobIndex index,
            JobLog.Listener listener,
            SkippedRecords skipped,
            Supplier<Owner> opening,
            Consumer<Throwable> failed) {
        this.kafka = kafka;
        this.index = index;
        this.listener = listener;
        this.skipped = skipped;
        this.opening = opening;
        this.failed = failed;
    }

    public void start() {
        thread.start();
    }

    /**
     * Waits until everything has been read that is in the log by now.
     *
     * @throws IngestException UNAVAILABLE if it cannot be read
     */
    public void catchUp() {
        JobLog open = log;
        try {
            if (open == null) {
                throw new TimeoutException(standing);
            }
            open.caughtUp().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw IngestException.unavailable(
                    "the job log cannot be read (%s): try again later".formatted(e.getMessage()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw IngestException.unavailable("closing", e);
        }
    }

    private void run() {
        try {
            follow(opening.get());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) { // of any kind: without this thread nothing goes on
            if (closed.getCount() > 0) {
                failed.accept(e);
            }
        }
    }

    private void follow(Owner owner) throws InterruptedException {
        try {
            do {
                try {
                    owner.prepare();
                    readAndFollow(owner);
                } catch (TransientException | RetriableException e) {
                    behind(owner, e.getMessage());
                    LOG.warn("waiting: {}", standing);
                }
            } while (!closed.await(RETRY.toMillis(), TimeUnit.MILLISECONDS));
        } finally {
            owner.isBehind(standing);
        }
    }

    private void readAndFollow(Owner owner) {
        try (JobLog opened = new JobLog(kafka, index, listener, skipped)) {
            log = opened;
            if (closed.getCount() == 0) {
                return;
            }
            behind(owner, "reading the job log");
            opened.follow(
                    progress -> tell(owner, progress),
                    () -> {
                        standing = "following the job log";
                        owner.caughtUp(standing);
                    });
        } finally {
            log = null;
        }
    }

    private void tell(Owner owner, JobLog.Progress progress) {
        behind(owner, progress.toString());
        boolean isDue = System.nanoTime() - toldNanos > TELL.toNanos();
        if (isDue || progress.read() == progress.total()) {
            toldNanos = System.nanoTime();
            LOG.info("ING-13 {}", progress);
        }
    }

    private void behind(Owner owner, String now) {
        standing = now;
        owner.isBehind(now);
    }

    /** From now on reading does not begin again, and that it breaks off is no failure. */
    public void end() {
        closed.countDown();
    }

    @Override
    public void close() {
        end();
        JobLog open = log;
        if (open != null) {
            open.stop();
        } else {
            thread.interrupt(); // waiting for Kafka or the store
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
