package dev.nocturne.ingest.api;

import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.ResultIndex;
import dev.nocturne.ingest.result.RequestFilter;
import dev.nocturne.ingest.result.ResultLog;
import dev.nocturne.runtime.RequestResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What became of a job's requests, from the log. Thread-safe. */
public final class ResultApi {

    /** Results that a search for a text reads at a time. */
    private static final int SEARCH_CHUNK = 500;

    /** Takes the results of a job one by one. */
    public interface Reader {
        void read(RequestResult result) throws IOException;
    }

    private final JobViews views;
    private final ResultLog log;

    public ResultApi(JobViews views, ResultLog log) {
        this.views = views;
        this.log = log;
    }

    /**
     * Reads the requests that have finished, in the order of the log.
     *
     * @throws IngestException UNKNOWN, or UNAVAILABLE if the log cannot be read
     * @throws IOException the reader's
     */
    public void read(String jobId, Reader reader) throws IOException {
        log.read(
                jobId,
                views.ask(jobId, JobState::firstOffsets),
                event -> reader.read(RequestResult.of(event)));
    }

    /**
     * The requests that have finished and fit, the latest first.
     *
     * @param after id of the request before the first one; null: from the latest on
     * @throws IngestException UNKNOWN, or UNAVAILABLE if the log cannot be read
     */
    public List<RequestResult> requests(
            String jobId, RequestFilter filter, String after, int limit) {
        List<ResultIndex.Place> all = views.ask(jobId, JobState::results).latestFirst();
        int start = 0;
        if (after != null) {
            List<String> ids =
                    all.stream().map(place -> RequestNumber.id(place.request())).toList();
            start = ids.indexOf(after) + 1;
            if (start == 0) {
                throw IngestException.unknown(
                        "after",
                        "unknown_request",
                        "request '%s' has no result in job '%s': leave after out to begin anew"
                                .formatted(Excerpt.of(after), jobId));
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
