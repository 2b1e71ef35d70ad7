package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.file.StoredObject;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import java.lang.annotation.Annotation;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/** Answers that are objects of the store: whole, a part, or that the caller has it already. */
public class StoredObjects {

    private static final Annotation[] NONE = {};
    private static final int WHOLE = 200;
    private static final int PARTIAL = 206;
    private static final int NOT_MODIFIED = 304;
    private static final int BEYOND_THE_END = 416;
    private static final String CONTENT_RANGE = "Content-Range";

    /** RFC 9110, section 5.6.7; Java's own leaves out the zero of a day. */
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
                    .withZone(ZoneOffset.UTC);

    @ServerResponseFilter
    public void answer(ContainerRequestContext request, ContainerResponseContext response) {
        if (response.getEntity() instanceof byte[] picture) {
            response.setEntity(picture, NONE, type(request, response));
        }
        if (!(response.getEntity() instanceof StoredObject object)) {
            return;
        }
        String etag = object.etag() == null ? null : '"' + object.etag() + '"';
        Selection selection =
                Selection.of(
                        request::getHeaderString,
                        request.getMethod().equals(HttpMethod.HEAD),
                        object.bytes(),
                        etag,
                        object.modifiedAt());
        response.setStatus(selection.status());
        switch (selection.status()) {
            case WHOLE -> response.setEntity(object, NONE, type(request, response));
            case PARTIAL ->
                    response.setEntity(
                            object.part(selection.from(), selection.length()),
                            NONE,
                            type(request, response));
            case NOT_MODIFIED -> response.setEntity(null);
            default ->
                    response.setEntity(
                            refusal(selection.status()), NONE, MediaType.APPLICATION_JSON_TYPE);
        }
        // last: a response that gets another status or entity has other headers
        MultivaluedMap<String, Object> headers = response.getHeaders();
        if (etag != null) {
            headers.putSingle(HttpHeaders.ETAG, etag);
        }
        headers.putSingle(HttpHeaders.LAST_MODIFIED, DATE.format(object.modifiedAt()));
        headers.putSingle("Accept-Ranges", "bytes");
        headers.putSingle(HttpHeaders.CACHE_CONTROL, "private, no-cache"); // it may be deleted
        switch (selection.status()) {
            case WHOLE -> headers.putSingle(HttpHeaders.CONTENT_LENGTH, object.bytes());
            case PARTIAL -> {
                headers.putSingle(HttpHeaders.CONTENT_LENGTH, selection.length());
                headers.putSingle(CONTENT_RANGE, selection.contentRange(object.bytes()));
            }
            case BEYOND_THE_END -> headers.putSingle(CONTENT_RANGE, "bytes */" + object.bytes());
            default -> {
                // as it was
            }
        }
    }

    private static ErrorResponses.Body refusal(int status) {
        return ErrorResponses.body(
                status,
                List.of(
                        new Problem(
                                null,
                                null,
                                HttpProblems.code(status),
                                HttpProblems.message(status))));
    }

    /** What it is; or just bytes for a caller that wants to hear of nothing else. */
    private static MediaType type(
            ContainerRequestContext request, ContainerResponseContext response) {
        List<MediaType> wanted = request.getAcceptableMediaTypes();
        boolean wantsBytes =
                wanted.size() == 1 && wanted.contains(MediaType.APPLICATION_OCTET_STREAM_TYPE);
        return wantsBytes ? MediaType.APPLICATION_OCTET_STREAM_TYPE : response.getMediaType();
    }
}
