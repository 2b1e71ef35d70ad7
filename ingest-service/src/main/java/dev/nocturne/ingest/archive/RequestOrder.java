package dev.nocturne.ingest.archive;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.caption.CaptionJson.AnswerFormat;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.schemas.Ids;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The requests of a job in the order of its files: of its input, or else of the log. */
final class RequestOrder {

    /** A request, and how its answer shows the pictures. */
    record OrderedRequest(String requestId, AnswerFormat format) {}

    private RequestOrder() {}

    /**
     * @param input the job's lines; there are none of a job that came through Kafka
     * @throws IOException if the input is not what was counted
     * @throws MiscountException if the results are not what was counted
     */
    static List<OrderedRequest> of(JobFiles.Content content, Path input, ResultSpool spool)
            throws IOException {
        List<OrderedRequest> order =
                content.created() == null
                        ? ofLog(content, spool)
                        : ofInput(content.jobId(), input, spool);
        requireAllLines(content, order);
        requireAllResults(content, order, spool);
        return order;
    }

    private static List<OrderedRequest> ofLog(JobFiles.Content content, ResultSpool spool) {
        return spool.statuses().keySet().stream()
                .filter(id -> content.counted().contains(RequestNumber.of(id)))
                .limit(content.total())
                .map(id -> new OrderedRequest(id, AnswerFormat.URL))
                .toList();
    }

    private static List<OrderedRequest> ofInput(String jobId, Path input, ResultSpool spool)
            throws IOException {
        List<OrderedRequest> order = new ArrayList<>();
        try (InputStream in = Files.newInputStream(input)) {
            JobParser parser = new JobParser(in, jobId, Instant.EPOCH);
            for (JobParser.Line line = parser.next(); line != null; line = parser.next()) {
                // a line that was bad to the version that started the job may be good to this one,
                // and the other way round
                String bad = JobParser.badRequestId(jobId, line.number());
                String good = Ids.requestId(jobId, line.customId());
                order.add(
                        spool.statuses().containsKey(bad)
                                ? new OrderedRequest(bad, AnswerFormat.URL)
                                : new OrderedRequest(good, line.format()));
            }
        }
        return order;
    }

    /** A line that is missing would be lost without a word. */
    private static void requireAllLines(JobFiles.Content content, List<OrderedRequest> order)
            throws IOException {
        long lines = order.stream().map(OrderedRequest::requestId).distinct().count();
        if (content.created() != null && lines != content.total()) {
            throw new IOException(
                    "lines of file %s: %d, requests of job %s: %d; the file is not as it was uploaded"
                            .formatted(
                                    content.created().getInputFileId(),
                                    lines,
                                    content.jobId(),
                                    content.total()));
        }
    }

    /** Each of the job's requests has a result, and as many of each kind as were counted. */
    private static void requireAllResults(
            JobFiles.Content content, List<OrderedRequest> order, ResultSpool spool) {
        Map<Long, RequestStatus> results = new HashMap<>();
        Set<Long> foreign = new HashSet<>();
        spool.statuses().forEach((id, status) -> foreign.add(RequestNumber.of(id)));
        for (OrderedRequest request : order) {
            RequestStatus status = spool.statuses().get(request.requestId());
            foreign.remove(RequestNumber.of(request.requestId()));
            if (status != null) {
                results.put(RequestNumber.of(request.requestId()), status);
            }
        }
        JobClosed counted = content.closing();
        boolean isRight =
                results.size() == order.size()
                        && count(results, RequestStatus.COMPLETED) == counted.getCompleted()
                        && count(results, RequestStatus.FAILED) == counted.getFailed()
                        && count(results, RequestStatus.CANCELLED) == counted.getCancelled()
                        && count(results, RequestStatus.EXPIRED) == counted.getExpired();
        if (!isRight) {
            throw new MiscountException(
                    "%d results were counted, the log has %d of its %d requests, and %d of others: counted anew"
                            .formatted(
                                    content.finished(),
                                    results.size(),
                                    order.size(),
                                    foreign.size()),
                    results,
                    foreign);
        }
    }

    private static long count(Map<Long, RequestStatus> results, RequestStatus status) {
        return results.values().stream().filter(status::equals).count();
    }
}
