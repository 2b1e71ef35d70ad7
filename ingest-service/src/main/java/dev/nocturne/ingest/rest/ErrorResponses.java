package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Errors as {@code {"errors":[{"line","param","code","message"}]}}. */
public class ErrorResponses {

    record Errors(List<Problem> errors) {}

    @ServerExceptionMapper
    public Response toResponse(IngestException exception) {
        return Response.status(status(exception.kind()))
                .type(MediaType.APPLICATION_JSON)
                .entity(new Errors(exception.problems()))
                .build();
    }

    private static Status status(IngestException.Kind kind) {
        return switch (kind) {
            case INVALID -> Status.BAD_REQUEST;
            case UNKNOWN_JOB -> Status.NOT_FOUND;
            case TOO_LARGE -> Status.REQUEST_ENTITY_TOO_LARGE;
            case UNAVAILABLE -> Status.SERVICE_UNAVAILABLE;
        };
    }
}
