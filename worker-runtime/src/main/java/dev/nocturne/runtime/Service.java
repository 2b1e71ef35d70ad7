package dev.nocturne.runtime;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A running part of the pipeline; the same in a process of its own and in standalone mode. */
public interface Service extends AutoCloseable {

    /** Starts the service's threads and returns; whether it works is in {@link #health()}. */
    void start();

    Health health();

    /**
     * Completes when the service has stopped by itself because of an error that only a person can
     * mend; the process should then end with a non-zero status. Never completes otherwise.
     */
    default CompletionStage<FatalException> failure() {
        return new CompletableFuture<>();
    }

    /** Stops and waits for the service's threads; unfinished work is taken up after a restart. */
    @Override
    void close();
}
