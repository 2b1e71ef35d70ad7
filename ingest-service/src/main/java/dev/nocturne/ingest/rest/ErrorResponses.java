package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/**
 * Errors as OpenAI's API tells them, {@code {"error":{"message","type","param","code"}}}, with all
 * that is wrong beside it in {@code errors}.
 */
public class ErrorResponses {

    record Body(First error, List<Problem> errors) {}

    record First(String message, String type, String param, String code) {}

    @ServerExceptionMapper
    public Response toResponse(IngestException exception) {
        Status status = status(exception.kind());
        Problem first = exception.problems().get(0);
        String type = status.getStatusCode() < 500 ? "invalid_request_error" : "server_error";
        Response.ResponseBuilder response =
                Response.status(status)
                        .type(MediaType.APPLICATION_JSON)
                        .entity(
                                new Body(
                                        new First(
                                                first.message(), type, first.param(), first.code()),
                                        exception.problems()));
        if (status == Status.CONFLICT || status == Status.GATEWAY_TIMEOUT) {
            response.header("x-should-retry", false); // OpenAI's clients would
        }
        return response.build();
    }

    private static Status status(IngestException.Kind kind) {
        return switch (kind) {
            case INVALID -> Status.BAD_REQUEST;
            case UNKNOWN -> Status.NOT_FOUND;
            case CONFLICT -> Status.CONFLICT;
            case TOO_LARGE -> Status.REQUEST_ENTITY_TOO_LARGE;
            case FAILED -> Status.INTERNAL_SERVER_ERROR;
            case TIMED_OUT -> Status.GATEWAY_TIMEOUT;
            case UNAVAILABLE -> Status.SERVICE_UNAVAILABLE;
        };
    }
}
