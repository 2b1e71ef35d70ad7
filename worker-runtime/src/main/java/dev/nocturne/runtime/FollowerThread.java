package dev.nocturne.runtime;

import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that reads topics, and begins anew after a break. Only {@link #close} ends it. */
final class FollowerThread implements AutoCloseable {

    /** After a break. */
    static final Duration RETRY = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(FollowerThread.class);

    private final KafkaSettings kafka;
    private final Runnable reading;
    private final Runnable stop;
    private final Consumer<String> broken;
    private final Thread thread;
    private final Object lock = new Object(); // guards the next
    private boolean closed;

    /**
     * @param reading reads on this thread until it throws, or is stopped
     * @param stop makes reading return, also one that has not begun; called by another thread
     * @param broken told on this thread, in a line, why reading broke off
     */
    FollowerThread(
            String name,
            KafkaSettings kafka,
            Runnable reading,
            Runnable stop,
            Consumer<String> broken) {
        this.kafka = kafka;
        this.reading = reading;
        this.stop = stop;
        this.broken = broken;
        thread = new Thread(this::run, name);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Also before it was started. */
    boolean isAlive() {
        return thread.isAlive() || thread.getState() == Thread.State.NEW;
    }

    private void run() {
        while (!isClosed()) {
            try {
                TopicAdmin.createMissing(kafka);
                reading.run();
            } catch (Throwable e) { // of any kind: without this thread nothing is read any more
                broken.accept(StageException.oneLine(e));
                pause();
            }
        }
        LOG.debug("{} is no longer followed", thread.getName());
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private void pause() {
        synchronized (lock) {
            try {
                if (!closed) {
                    lock.wait(RETRY.toMillis());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
        stop.run();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
