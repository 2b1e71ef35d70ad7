package dev.nocturne.runtime.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.Ids;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.trace.IdGenerator;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Supplier;

/**
 * Ids of spans: those of a request's first span follow from the request, so that every process
 * knows them and a caption that is sent again stays in its trace; all others are random.
 */
final class RequestIds implements IdGenerator {

    private static final int TRACE_ID_BYTES = 16;

    private final IdGenerator random = IdGenerator.random();
    private final ThreadLocal<SpanContext> given = new ThreadLocal<>();

    /** Of the first span of a request: the trace is a digest of its key, the span is its id. */
    static SpanContext first(RequestRef request) {
        byte[] key = Ids.key(request.getJobId(), request.getRequestId()).getBytes(UTF_8);
        byte[] digest;
        try {
            digest = MessageDigest.getInstance("SHA-256").digest(key);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
        return SpanContext.createFromRemoteParent(
                HexFormat.of().formatHex(digest, 0, TRACE_ID_BYTES),
                request.getRequestId(),
                TraceFlags.getSampled(),
                TraceState.getDefault());
    }

    /** The first span that {@code start} starts has these ids. */
    <T> T with(SpanContext ids, Supplier<T> start) {
        given.set(ids);
        try {
            return start.get();
        } finally {
            given.remove();
        }
    }

    @Override
    public String generateTraceId() {
        return given.get() == null ? random.generateTraceId() : given.get().getTraceId();
    }

    @Override
    public String generateSpanId() {
        return given.get() == null ? random.generateSpanId() : given.get().getSpanId();
    }
}
