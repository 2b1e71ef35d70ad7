package dev.nocturne.ingest.archive;

import com.fasterxml.jackson.databind.MappingIterator;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.RequestResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * {@code results.jsonl}: what became of each request of a job, the latest first; a line is what
 * {@code GET /v1/jobs/{id}/results} has of a request.
 */
public final class ResultLines {

    public static final String NAME = "results.jsonl";

    private ResultLines() {}

    /** Takes the results one by one. */
    public interface Reader {
        /**
         * @return false: this one was enough
         */
        boolean read(RequestResult result) throws IOException;
    }

    static void write(ResultSpool spool, OutputStream lines) throws IOException {
        for (String requestId : spool.latestFirst()) {
            write(spool.get(requestId), lines);
        }
    }

    /** The line of a request. */
    public static void write(RequestFinished result, OutputStream lines) throws IOException {
        ArchiveJson.writeLine(lines, RequestResult.of(result));
    }

    /** In the order of the file; one is in memory. The caller closes the stream. */
    public static void read(InputStream lines, Reader reader) throws IOException {
        MappingIterator<RequestResult> results =
                ArchiveJson.MAPPER.readerFor(RequestResult.class).readValues(lines);
        while (results.hasNextValue()) {
            if (!reader.read(results.nextValue())) {
                return;
            }
        }
    }
}
