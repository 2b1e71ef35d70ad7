package dev.nocturne.ingest;

import dev.nocturne.runtime.StageException;
import dev.nocturne.schemas.Violation;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;

/** A request that this service does not carry out, with everything that is wrong with it. */
public final class IngestException extends RuntimeException {

    /** What the caller can do about it. */
    public enum Kind {
        /** correct the input */
        INVALID,
        /** ask the operator, who alone may do it */
        FORBIDDEN,
        /** send less at once */
        TOO_LARGE,
        /** try again when some of what waits is done */
        TOO_MANY,
        /** ask for another job, file or picture */
        UNKNOWN,
        /** what is there already stands against it */
        CONFLICT,
        /** the picture could not be painted */
        FAILED,
        /** it goes on; look for it later */
        TIMED_OUT,
        /** try again later */
        UNAVAILABLE,
        /** try again when there is room on disk */
        FULL
    }

    /** As the systems say it; Java has no type for it. */
    private static final Pattern FULL_DISK =
            Pattern.compile(
                    "No space left on device|Disk quota exceeded|not enough space on the disk");

    private final transient List<Problem> problems;
    private final Kind kind;

    public IngestException(Kind kind, List<Problem> problems) {
        super(problems.get(0).message());
        this.kind = kind;
        this.problems = List.copyOf(problems);
    }

    private IngestException(Kind kind, Integer line, String param, String code, String message) {
        this(kind, List.of(new Problem(line, param, code, message)));
    }

    public static IngestException invalid(String param, String message) {
        return new IngestException(Kind.INVALID, null, param, "invalid_option", message);
    }

    /**
     * @param violations at least one
     */
    public static IngestException invalid(List<Violation> violations) {
        return new IngestException(
                Kind.INVALID,
                violations.stream()
                        .map(one -> new Problem(null, one.param(), one.code(), one.message()))
                        .toList());
    }

    public static IngestException forbidden(String param, String code, String message) {
        return new IngestException(Kind.FORBIDDEN, null, param, code, message);
    }

    public static IngestException tooLarge(Integer line, String message) {
        return new IngestException(Kind.TOO_LARGE, line, null, "too_large", message);
    }

    public static IngestException tooMany(String message) {
        return new IngestException(Kind.TOO_MANY, null, null, "too_many_waiting", message);
    }

    public static IngestException full(String message) {
        return new IngestException(Kind.FULL, null, null, "disk_full", message);
    }

    /** A body that could not be read, or kept on this machine's disk. */
    public static IngestException of(IOException e) {
        if (isFullDisk(e)) {
            return full("the disk of this service is full: send it again when there is room");
        }
        return new IngestException(
                Kind.FAILED,
                null,
                null,
                "internal",
                "the request could not be read to its end (%s): send it again"
                        .formatted(e.getClass().getSimpleName()));
    }

    private static boolean isFullDisk(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            String message = cause.getMessage();
            if (message != null && FULL_DISK.matcher(message).find()) {
                return true;
            }
        }
        return false;
    }

    /** Whoever runs the service finds the reason in its log. */
    public static IngestException internal() {
        return new IngestException(
                Kind.FAILED, null, null, "internal", "the service failed: send it again");
    }

    public static IngestException deletedJob(String id, Instant at) {
        String message = "job '%s' was deleted at %s".formatted(id, at);
        return new IngestException(Kind.UNKNOWN, null, "id", "job_deleted", message);
    }

    public static IngestException unknownJob(String id) {
        String message = "job '%s' is not known: GET /v1/jobs lists all".formatted(id);
        return new IngestException(Kind.UNKNOWN, null, "id", "unknown_job", message);
    }

    public static IngestException unknownBatch(String id) {
        String message = "batch '%s' is not known: GET /v1/batches lists all".formatted(id);
        return new IngestException(Kind.UNKNOWN, null, "id", "unknown_batch", message);
    }

    public static IngestException unknownFile(String id) {
        String message = "file '%s' is not known: GET /v1/files lists all".formatted(id);
        return new IngestException(Kind.UNKNOWN, null, "id", "unknown_file", message);
    }

    public static IngestException unknown(String param, String code, String message) {
        return new IngestException(Kind.UNKNOWN, null, param, code, message);
    }

    public static IngestException conflict(String param, String code, String message) {
        return new IngestException(Kind.CONFLICT, null, param, code, message);
    }

    public static IngestException timedOut(String message) {
        return new IngestException(Kind.TIMED_OUT, null, null, "timed_out", message);
    }

    /** What the store refuses for good it refuses again, but somebody may repair it. */
    public static IngestException unavailable(StageException cause) {
        return unavailable(cause.getMessage() + ": try again later", cause);
    }

    public static IngestException unavailable(String message, Throwable cause) {
        IngestException exception =
                new IngestException(Kind.UNAVAILABLE, null, null, "unavailable", message);
        exception.initCause(cause);
        return exception;
    }

    /** The same, where the caller knows a parameter by another name. */
    public IngestException renamed(String from, String to) {
        return new IngestException(
                kind,
                problems.stream()
                        .map(
                                one ->
                                        new Problem(
                                                one.line(),
                                                from.equals(one.param()) ? to : one.param(),
                                                one.code(),
                                                one.message()
                                                        .replaceAll(
                                                                "\\b%s\\b".formatted(from), to)))
                        .toList());
    }

    public Kind kind() {
        return kind;
    }

    /** Never empty. */
    public List<Problem> problems() {
        return problems;
    }
}
