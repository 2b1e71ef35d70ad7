package dev.nocturne.runtime;

import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that reads topics with a consumer of its own, and begins anew after a break, with
 * another consumer. Only {@link #close} ends it.
 */
final class FollowerThread implements AutoCloseable {

    /** After a break. */
    static final Duration RETRY = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(FollowerThread.class);

    private final KafkaSettings kafka;
    private final Supplier<Map<String, Object>> config;
    private final Consumer<KafkaConsumer<byte[], byte[]>> reading;
    private final Consumer<String> broken;
    private final Thread thread;
    private final Object lock = new Object(); // guards the next two
    private KafkaConsumer<byte[], byte[]> consumer; // null while there is none
    private boolean closed;

    /**
     * @param config of the consumer
     * @param reading reads on this thread until it throws
     * @param broken told on this thread, in a line, why reading broke off
     */
    FollowerThread(
            String name,
            KafkaSettings kafka,
            Supplier<Map<String, Object>> config,
            Consumer<KafkaConsumer<byte[], byte[]>> reading,
            Consumer<String> broken) {
        this.kafka = kafka;
        this.config = config;
        this.reading = reading;
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
                if (open()) {
                    reading.accept(consumer);
                }
            } catch (WakeupException e) {
                LOG.debug("{} is no longer followed", thread.getName());
            } catch (Throwable e) { // of any kind: without this thread nothing is read any more
                broken.accept(StageException.oneLine(e));
                pause();
            } finally {
                closeConsumer();
            }
        }
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private boolean open() {
        synchronized (lock) {
            if (closed) {
                return false;
            }
            consumer = new KafkaConsumer<>(config.get());
            return true;
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

    private void closeConsumer() {
        synchronized (lock) {
            if (consumer != null) {
                consumer.close();
                consumer = null;
            }
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
            if (consumer != null) {
                consumer.wakeup();
            }
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
