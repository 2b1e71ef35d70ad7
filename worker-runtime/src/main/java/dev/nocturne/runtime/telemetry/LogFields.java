package dev.nocturne.runtime.telemetry;

import dev.nocturne.events.RequestRef;
import org.slf4j.MDC;

/** What a line of the log is about, as fields of its own where the log is JSON. */
public final class LogFields {

    private static final String JOB = "job";
    private static final String REQUEST = "request";

    private LogFields() {}

    /**
     * @param line logs
     */
    public static void job(String jobId, Runnable line) {
        try (var job = MDC.putCloseable(JOB, jobId)) {
            line.run();
        }
    }

    /**
     * @param request null: not known
     * @param line logs
     */
    public static void request(RequestRef request, Runnable line) {
        if (request == null) {
            line.run();
            return;
        }
        try (var id = MDC.putCloseable(REQUEST, request.getRequestId())) {
            job(request.getJobId(), line);
        }
    }
}
