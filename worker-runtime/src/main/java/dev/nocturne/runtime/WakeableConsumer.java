package dev.nocturne.runtime;

import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.errors.WakeupException;

/**
 * A consumer that one thread opens, uses and closes, while any thread may wake it. Once closed, it
 * may be opened again, until it is stopped.
 */
final class WakeableConsumer implements AutoCloseable {

    private final Supplier<? extends Consumer<byte[], byte[]>> consumers;
    private final Object lock = new Object(); // guards the next two
    private Consumer<byte[], byte[]> consumer; // null while there is none
    private boolean stopped;

    WakeableConsumer(Supplier<? extends Consumer<byte[], byte[]>> consumers) {
        this.consumers = consumers;
    }

    /**
     * @throws WakeupException if it is stopped
     */
    void open() {
        synchronized (lock) {
            if (stopped) {
                throw new WakeupException();
            }
            consumer = consumers.get();
        }
    }

    /** For the thread that has opened it; null while there is none. */
    Consumer<byte[], byte[]> get() {
        return consumer;
    }

    /** Uses the consumer, if there is one, while wake-ups wait. */
    void ifOpen(java.util.function.Consumer<Consumer<byte[], byte[]>> use) {
        synchronized (lock) {
            if (consumer != null) {
                use.accept(consumer);
            }
        }
    }

    /** From any thread: there is nothing to wake before it is opened and once it is closed. */
    void wakeUp() {
        ifOpen(Consumer::wakeup);
    }

    /** From any thread: wakes it, and it cannot be opened again. */
    void stop() {
        synchronized (lock) {
            stopped = true;
            wakeUp();
        }
    }

    /** Leaves its group, if it has one, and waits for it. */
    @Override
    public void close() {
        close(Consumer::close);
    }

    /** Of no group: it leaves none and commits nothing, so a fetch under way is not waited for. */
    void closeAtOnce() {
        close(open -> open.close(CloseOptions.timeout(Duration.ZERO)));
    }

    private void close(java.util.function.Consumer<Consumer<byte[], byte[]>> end) {
        synchronized (lock) {
            ifOpen(end);
            consumer = null;
        }
    }
}
