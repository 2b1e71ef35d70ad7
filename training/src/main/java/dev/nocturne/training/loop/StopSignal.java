package dev.nocturne.training.loop;

import java.util.concurrent.CountDownLatch;
import java.util.function.IntConsumer;

/**
 * Turns SIGTERM and Ctrl-C into a stop after the current step, and lets the process end only when
 * the training is closed: with exit code 0 if everything was saved, else with 1.
 */
final class StopSignal implements AutoCloseable {
    private final CountDownLatch closed = new CountDownLatch(1);
    private final IntConsumer exit;
    private final Thread hook = new Thread(this::stopAndWait, "save-before-exit");
    private volatile boolean stopRequested;
    private volatile boolean saved;

    /**
     * @param exit ends the process with this code; the default would be 128 and the signal's number
     */
    StopSignal(IntConsumer exit) {
        this.exit = exit;
    }

    static StopSignal install() {
        StopSignal signal = new StopSignal(Runtime.getRuntime()::halt);
        Runtime.getRuntime().addShutdownHook(signal.hook);
        return signal;
    }

    boolean stopRequested() {
        return stopRequested;
    }

    /** Nothing would be lost from now on. */
    void saved() {
        saved = true;
    }

    @Override
    public void close() {
        closed.countDown();
        if (!stopRequested) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    /** What the signal does, on the thread that shuts down. */
    void stopAndWait() {
        stopRequested = true;
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        exit.accept(saved ? 0 : 1);
    }
}
