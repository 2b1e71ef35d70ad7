package dev.nocturne.ingest;

import java.util.List;

/** A request that this service does not carry out, with everything that is wrong with it. */
public final class IngestException extends RuntimeException {

    /** What the caller can do about it. */
    public enum Kind {
        /** correct the input */
        INVALID,
        /** send less at once */
        TOO_LARGE,
        /** ask for another job */
        UNKNOWN_JOB,
        /** try again later */
        UNAVAILABLE
    }

    private final transient List<Problem> problems;
    private final Kind kind;

    IngestException(Kind kind, List<Problem> problems) {
        super(problems.get(0).message());
        this.kind = kind;
        this.problems = List.copyOf(problems);
    }

    static IngestException tooLarge(Integer line, String message) {
        return new IngestException(
                Kind.TOO_LARGE, List.of(new Problem(line, null, "too_large", message)));
    }

    static IngestException unknownJob(String id) {
        String message = "job '%s' is not known: GET /v1/jobs lists all".formatted(id);
        return new IngestException(
                Kind.UNKNOWN_JOB, List.of(new Problem(null, "id", "unknown_job", message)));
    }

    static IngestException unavailable(String message, Throwable cause) {
        IngestException exception =
                new IngestException(
                        Kind.UNAVAILABLE, List.of(new Problem(null, null, "unavailable", message)));
        exception.initCause(cause);
        return exception;
    }

    public Kind kind() {
        return kind;
    }

    /** Never empty. */
    public List<Problem> problems() {
        return problems;
    }
}
