package dev.nocturne.ingest.api;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.archive.ResultLines;
import dev.nocturne.ingest.file.StoreAccess;
import dev.nocturne.ingest.file.StoredObject;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.ResultIndex;
import dev.nocturne.ingest.result.RequestFilter;
import dev.nocturne.ingest.result.ResultLog;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.RequestResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What became of a job's requests: of a finished job from its {@link ResultLines}, of others from
 * the log. Thread-safe.
 */
public final class ResultApi {

    /** Results that a search for a text reads at a time. */
    private static final int SEARCH_CHUNK = 500;

    /** Takes the results of a job one by one. */
    public interface Reader {
        void read(RequestResult result) throws IOException;
    }

    private final JobViews views;
    private final ResultLog log;
    private final ObjectStore store;

    public ResultApi(JobViews views, ResultLog log, ObjectStore store) {
        this.views = views;
        this.log = log;
        this.store = store;
    }

    /**
     * What is known of a job at one moment.
     *
     * @param single its result; null unless it is a single caption that has one
     */
    private record Known(
            boolean isTerminal,
            RequestFinished single,
            Map<Integer, Long> firstOffsets,
            ResultIndex results) {

        static Known of(JobState job) {
            return new Known(job.isTerminal(), job.single(), job.firstOffsets(), job.results());
        }
    }

    /**
     * Reads the requests that have finished: of a finished job the latest first, else in the order
     * of the log.
     *
     * @throws IngestException UNKNOWN, or UNAVAILABLE if the log or the store cannot be read
     * @throws IOException the reader's
     */
    public void read(String jobId, Reader reader) throws IOException {
        Known known = views.ask(jobId, Known::of);
        if (known.single != null) {
            reader.read(RequestResult.of(known.single));
            return;
        }
        Optional<StoredObject> lines = lines(jobId, known);
        if (lines.isEmpty()) {
            log.read(jobId, known.firstOffsets, event -> reader.read(RequestResult.of(event)));
            return;
        }
        try (StoredObject open = lines.get()) {
            ResultLines.read(
                    open,
                    result -> {
                        reader.read(result);
                        return true;
                    });
        }
    }

    /** Empty if the job is open, or was finished before there were any. */
    private Optional<StoredObject> lines(String jobId, Known known) {
        return known.isTerminal
                ? StoreAccess.ask(
                        () -> StoredObject.find(store, JobKeys.key(jobId, ResultLines.NAME)))
                : Optional.empty();
    }

    /**
     * The requests that have finished and fit, the latest first.
     *
     * @param after id of the request before the first one; null: from the latest on
     * @throws IngestException UNKNOWN, or UNAVAILABLE if the log or the store cannot be read
     */
    public List<RequestResult> requests(
            String jobId, RequestFilter filter, String after, int limit) {
        Known known = views.ask(jobId, Known::of);
        Page page = new Page(jobId, filter, after, limit);
        if (known.single != null) {
            page.add(RequestResult.of(known.single));
            return page.results();
        }
        Optional<StoredObject> lines = lines(jobId, known);
        if (lines.isEmpty()) {
            return ofLog(jobId, known.results.latestFirst(), filter, after, limit);
        }
        try (StoredObject open = lines.get()) {
            ResultLines.read(open, page::add);
            return page.results();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of results that come by the latest first, those that are wanted. */
    private static final class Page {
        private final String jobId;
        private final RequestFilter filter;
        private final String after;
        private final int limit;
        private final List<RequestResult> results = new ArrayList<>();
        private boolean begun;

        Page(String jobId, RequestFilter filter, String after, int limit) {
            this.jobId = jobId;
            this.filter = filter;
            this.after = after;
            this.limit = limit;
            this.begun = after == null;
        }

        /**
         * @return false if it is full
         */
        boolean add(RequestResult result) {
            if (begun && filter.matches(result)) {
                results.add(result);
            }
            begun |= result.requestId().equals(after);
            return results.size() < limit;
        }

        List<RequestResult> results() {
            if (!begun) {
                throw unknown(jobId, after);
            }
            return results;
        }
    }

    private static IngestException unknown(String jobId, String after) {
        return IngestException.unknown(
                "after",
                "unknown_request",
                "request '%s' has no result in job '%s': leave after out to begin anew"
                        .formatted(Excerpt.of(after), jobId));
    }

    private List<RequestResult> ofLog(
            String jobId,
            List<ResultIndex.Place> all,
            RequestFilter filter,
            String after,
            int limit) {
        int start = 0;
        if (after != null) {
            List<String> ids =
                    all.stream().map(place -> RequestNumber.id(place.request())).toList();
            start = ids.indexOf(after) + 1;
            if (start == 0) {
                throw unknown(jobId, after);
            }
        }
        List<ResultIndex.Place> rest =
                all.subList(start, all.size()).stream().filter(filter::matches).toList();
        List<RequestResult> page = new ArrayList<>();
        // without a text the first read is enough; with one, most of a chunk may not fit
        int chunk = filter.text() == null ? limit : Math.max(limit, SEARCH_CHUNK);
        for (int from = 0; from < rest.size() && page.size() < limit; from += chunk) {
            List<ResultIndex.Place> next = rest.subList(from, Math.min(from + chunk, rest.size()));
            log.read(jobId, next).stream()
                    .map(RequestResult::of)
                    .filter(filter::matches)
                    .limit(limit - page.size())
                    .forEach(page::add);
        }
        return page;
    }
}
