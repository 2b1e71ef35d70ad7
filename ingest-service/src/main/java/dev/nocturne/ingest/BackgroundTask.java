package dev.nocturne.ingest;

import dev.nocturne.runtime.Health;

/** What goes on beside the requests, on threads of its own. */
public interface BackgroundTask extends AutoCloseable {

    /** The table must know all that was in the log before; later calls change nothing. */
    void start();

    Health health();

    /** Breaks off what is under way: it comes again after the next start. */
    @Override
    void close();
}
