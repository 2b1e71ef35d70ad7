package dev.nocturne.runtime.telemetry;

import dev.nocturne.events.RequestRef;
import org.slf4j.MDC;

/** What a line of the log is about, as fields of its own where the log is JSON. */
public final class LogFields {

    private static final String JOB = "job";
    private static final String REQUEST = "request";

    private LogFields() {}

    /**
     * @param work of the job: all that it logs in this thread is about it
     */
    public static void job(String jobId, Runnable work) {
        String outer = MDC.get(JOB);
        MDC.put(JOB, jobId);
        try {
            work.run();
        } finally {
            if (outer == null) {
                MDC.remove(JOB);
            } else {
                MDC.put(JOB, outer);
            }
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
