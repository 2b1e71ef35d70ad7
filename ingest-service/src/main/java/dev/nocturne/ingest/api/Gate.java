package dev.nocturne.ingest.api;

import dev.nocturne.ingest.IngestException;

/**
 * What can be had while the jobs are known, and why not at other times. Thread-safe.
 *
 * @param <T> what is behind it
 */
public final class Gate<T> {

    /**
     * @param open null while the jobs are not known
     */
    private record State<T>(T open, String standing) {}

    private volatile State<T> state = new State<>(null, "starting");

    /** The jobs are known. */
    public void open(T behind, String standing) {
        state = new State<>(behind, standing);
    }

    /** They are not known, or no longer. */
    public void close(String standing) {
        state = new State<>(null, standing);
    }

    /**
     * @throws IngestException UNAVAILABLE while the jobs are not known
     */
    T require() {
        State<T> now = state;
        if (now.open == null) {
            throw IngestException.unavailable(outage(now), null);
        }
        return now.open;
    }

    public boolean isOpen() {
        return state.open != null;
    }

    /** How things stand, for people. */
    public String standing() {
        return state.standing;
    }

    /** What callers are told while the jobs are not known; else null. */
    public String outage() {
        State<T> now = state;
        return now.open == null ? outage(now) : null;
    }

    private static String outage(State<?> now) {
        return "the jobs are not known yet (%s): try again in a few seconds"
                .formatted(now.standing);
    }
}
