package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jboss.resteasy.reactive.server.core.multipart.MultipartParser.MalformedMessageException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Errors as OpenAI's API tells them, {@code {"error":{"message","type","param","code"}}}, with all
 * that is wrong beside it in {@code errors}.
 */
public class ErrorResponses {

    record Body(First error, List<Problem> errors) {}

    /** As it comes in a stream of events. */
    record Event(String type, First error) {}

    record First(String message, String type, String param, String code) {}

    private static final Logger LOG = LoggerFactory.getLogger(ErrorResponses.class);

    private static final int INSUFFICIENT_STORAGE = 507;

    private static final Map<IngestException.Kind, Integer> RETRY_AFTER_SECONDS =
            Map.of(
                    IngestException.Kind.UNAVAILABLE, 5,
                    IngestException.Kind.TOO_MANY, 30,
                    IngestException.Kind.FULL, 60);

    /** As while a body is written to this machine's disk, by us or by the server below. */
    @ServerExceptionMapper
    public Response toResponse(IOException exception) {
        LOG.warn("ING-25 a request broke off: {}", exception.toString());
        return toResponse(IngestException.of(exception));
    }

    @ServerExceptionMapper
    public Response toResponse(UncheckedIOException exception) {
        return toResponse(exception.getCause());
    }

    @ServerExceptionMapper
    public Response toResponse(IngestException exception) {
        IngestException.Kind kind = exception.kind();
        int status = status(kind);
        Response.ResponseBuilder response =
                Response.status(status)
                        .type(MediaType.APPLICATION_JSON)
                        .entity(body(status, exception.problems()));
        if (kind == IngestException.Kind.CONFLICT || kind == IngestException.Kind.TIMED_OUT) {
            response.header("x-should-retry", false); // OpenAI's clients would
        }
        if (RETRY_AFTER_SECONDS.containsKey(kind)) {
            response.header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS.get(kind));
        }
        return response.build();
    }

    static Event event(IngestException exception) {
        return new Event("error", body(status(exception.kind()), exception.problems()).error());
    }

    @ServerExceptionMapper
    public Response toResponse(MalformedMessageException exception) {
        return toResponse(
                IngestException.invalid(
                        null,
                        "the body is no multipart/form-data: each part needs its boundary, headers and an empty line"));
    }

    /** What no resource takes. */
    @ServerExceptionMapper
    public Response toResponse(WebApplicationException exception) {
        Response answer = exception.getResponse();
        int status = answer.getStatus();
        if (answer.hasEntity() || status < 400) {
            return answer;
        }
        Problem problem =
                new Problem(null, null, HttpProblems.code(status), HttpProblems.message(status));
        return Response.fromResponse(answer)
                .type(MediaType.APPLICATION_JSON)
                .entity(body(status, List.of(problem)))
                .build();
    }

    static Body body(int status, List<Problem> problems) {
        Problem first = problems.get(0);
        return new Body(
                new First(first.message(), type(status), first.param(), first.code()), problems);
    }

    private static String type(int status) {
        if (status == Status.TOO_MANY_REQUESTS.getStatusCode()) {
            return "rate_limit_error";
        }
        return status < 500 ? "invalid_request_error" : "server_error";
    }

    private static int status(IngestException.Kind kind) {
        return switch (kind) {
            case INVALID -> Status.BAD_REQUEST.getStatusCode();
            case FORBIDDEN -> Status.FORBIDDEN.getStatusCode();
            case UNKNOWN -> Status.NOT_FOUND.getStatusCode();
            case CONFLICT -> Status.CONFLICT.getStatusCode();
            case TOO_LARGE -> Status.REQUEST_ENTITY_TOO_LARGE.getStatusCode();
            case TOO_MANY -> Status.TOO_MANY_REQUESTS.getStatusCode();
            case FAILED -> Status.INTERNAL_SERVER_ERROR.getStatusCode();
            case TIMED_OUT -> Status.GATEWAY_TIMEOUT.getStatusCode();
            case UNAVAILABLE -> Status.SERVICE_UNAVAILABLE.getStatusCode();
            case FULL -> INSUFFICIENT_STORAGE;
        };
    }
}
