package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.Answers;
import dev.nocturne.ingest.IngestService;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletionStage;

/** Single pictures, in the form of OpenAI's Images API; and where their addresses lead. */
@Path("/v1/images")
public class ImagesResource {

    private final IngestService ingest;

    public ImagesResource(IngestService ingest) {
        this.ingest = ingest;
    }

    /** Answers when the picture is there; no thread waits for it. */
    @POST
    @Path("generations")
    @Produces(MediaType.APPLICATION_JSON)
    @Consumes(MediaType.WILDCARD)
    @Blocking
    public CompletionStage<Answers.Images> paint(InputStream body, @Context UriInfo uri)
            throws IOException {
        return ingest.paint(JsonBody.read(body), ApiUrl.of(uri));
    }

    @GET
    @Path("{job}/{request}/{name}")
    @Produces(MediaType.WILDCARD)
    public Response picture(String job, String request, String name) {
        return response(ingest.picture(job, request, name), name);
    }

    /** Answers at once when the candidate has been rendered before. */
    @GET
    @Path("{job}/{request}/candidates/{name}")
    @Produces(MediaType.WILDCARD)
    @Blocking
    public CompletionStage<Response> candidate(String job, String request, String name) {
        return ingest.candidate(job, request, name).thenApply(picture -> response(picture, name));
    }

    private static Response response(InputStream picture, String name) {
        return Response.ok(picture, JobsResource.mediaType(name)).build();
    }
}
