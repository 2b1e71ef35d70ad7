package dev.nocturne.runtime;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.avro.specific.SpecificRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that owns a stage and its model: it opens the stage, makes one attempt at a batch's
 * work after the other, tests the worker, and closes the stage. The poll thread gives it its tasks;
 * what else must not hold up that one may be executed here, too.
 */
final class WorkThread<I extends SpecificRecord> implements Executor {

    private static final Logger LOG = LoggerFactory.getLogger(WorkThread.class);

    /** Well above one chunk of a decode batch on a slow machine. */
    private static final Duration LONGEST_STEP = Duration.ofMinutes(15);

    private static final Duration CLOSE_TIMEOUT = Duration.ofMinutes(1);

    private final Stage<I> stage;
    private final StageWork<I> work;
    private final Runnable whenDone;
    private final Duration longestStep;
    private final ExecutorService thread;
    private volatile CompletableFuture<?> attempt; // the last one; null: none has begun
    private CompletableFuture<Void> selfTest; // the poll thread's own; null: none is asked for

    /**
     * @param whenDone called on this thread after every attempt and every self-test
     */
    WorkThread(Stage<I> stage, StageWork<I> work, Runnable whenDone) {
        this(stage, work, whenDone, LONGEST_STEP);
    }

    /** For tests, which do not wait long. */
    WorkThread(Stage<I> stage, StageWork<I> work, Runnable whenDone, Duration longestStep) {
        this.longestStep = longestStep;
        this.stage = stage;
        this.work = work;
        this.whenDone = whenDone;
        thread =
                Executors.newSingleThreadExecutor(task -> new Thread(task, stage.name() + "-work"));
    }

    /**
     * Opens the stage, and waits until it is open.
     *
     * @throws CompletionException with what {@link Stage#open} has thrown
     */
    void open() {
        CompletableFuture.runAsync(stage::open, thread).join();
    }

    /** Begins an attempt at the batch's work. */
    void begin(Batch<I> batch) {
        work.begin();
        CompletableFuture<List<Batch.Processed<I>>> begun =
                CompletableFuture.supplyAsync(() -> work.process(batch), thread);
        attempt = begun;
        batch.begin(begun);
        begun.whenComplete((processed, error) -> whenDone.run());
    }

    /** Lets the worker test itself, unless it has been asked to before. */
    void beginSelfTest() {
        if (selfTest == null) {
            selfTest = CompletableFuture.runAsync(work::testWorker, thread);
            selfTest.whenComplete((passed, error) -> whenDone.run());
        }
    }

    /**
     * @return whether a self-test was asked for and has passed
     * @throws CompletionException with a {@link FatalException} if it has failed
     */
    boolean hasPassedSelfTest() {
        if (selfTest == null || !selfTest.isDone()) {
            return false;
        }
        selfTest.join();
        return true;
    }

    /** Whether any self-test has failed, also one after work. From any thread. */
    boolean hasFailedSelfTest() {
        return work.hasSelfTestFailed();
    }

    /** Whether an attempt is under way that has not got on for very long. From any thread. */
    boolean isStalled() {
        CompletableFuture<?> last = attempt;
        return last != null
                && !last.isDone()
                && System.nanoTime() - work.lastProgressNanos() > longestStep.toNanos();
    }

    @Override
    public void execute(Runnable task) {
        thread.execute(task);
    }

    /** Closes the stage after what has begun, and waits for it, but not for ever. */
    void close() {
        thread.execute(stage::close);
        thread.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("STG-07 {}: the work did not end in {}", stage.name(), CLOSE_TIMEOUT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
