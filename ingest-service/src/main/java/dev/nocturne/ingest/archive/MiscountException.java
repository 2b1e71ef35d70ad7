package dev.nocturne.ingest.archive;

import dev.nocturne.events.RequestStatus;
import java.util.Map;
import java.util.Set;

/** What was counted of a job is not what the log has of its requests. */
public final class MiscountException extends RuntimeException {

    private final transient Map<Long, RequestStatus> results;
    private final transient Set<Long> foreign;

    /**
     * @param results of the job's own requests, by their ids as numbers
     * @param foreign ids with results that are no requests of the job
     */
    MiscountException(String message, Map<Long, RequestStatus> results, Set<Long> foreign) {
        super(message);
        this.results = results;
        this.foreign = foreign;
    }

    public Map<Long, RequestStatus> results() {
        return results;
    }

    public Set<Long> foreign() {
        return foreign;
    }
}
