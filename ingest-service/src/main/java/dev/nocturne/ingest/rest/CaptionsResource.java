package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.caption.CaptionCheck;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import org.jboss.resteasy.reactive.server.multipart.MultipartFormDataInput;

/** What is in a file of captions, before a job is made of it; requests are those for a job. */
@Path("/v1/captions")
@Produces(MediaType.APPLICATION_JSON)
public class CaptionsResource {

    private final IngestApi api;

    public CaptionsResource(IngestApi api) {
        this.api = api;
    }

    @POST
    @Path("check")
    @Consumes(MediaType.WILDCARD)
    public CaptionCheck check(
            InputStream captions, @Context HttpHeaders headers, @Context UriInfo uri)
            throws IOException {
        return api.jobs().check(CaptionUploads.ofBody(captions, headers, uri));
    }

    @POST
    @Path("check")
    @Consumes(MediaType.MULTIPART_FORM_DATA)
    public CaptionCheck checkForm(MultipartFormDataInput form, @Context UriInfo uri)
            throws IOException {
        return CaptionUploads.ofForm(form, uri, upload -> api.jobs().check(upload));
    }
}
