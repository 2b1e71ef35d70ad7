package dev.nocturne.runtime;

import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;

/**
 * A consumer that one thread opens, uses and closes, while any thread may {@link #wakeUp} it. Once
 * closed, it may be opened again.
 */
final class WakeableConsumer implements AutoCloseable {

    private final Supplier<? extends Consumer<byte[], byte[]>> consumers;
    private final Object lock = new Object(); // between a wake-up and opening or closing
    private Consumer<byte[], byte[]> consumer; // null while there is none

    WakeableConsumer(Supplier<? extends Consumer<byte[], byte[]>> consumers) {
        this.consumers = consumers;
    }

    void open() {
        synchronized (lock) {
            consumer = consumers.get();
        }
    }

    /** For the thread that has opened it. */
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

    @Override
    public void close() {
        synchronized (lock) {
            if (consumer != null) {
                consumer.close();
                consumer = null;
            }
        }
    }
}
