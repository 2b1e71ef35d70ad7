package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.Answers;
import dev.nocturne.ingest.IngestException;
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
import org.jboss.resteasy.reactive.server.multipart.MultipartFormDataInput;

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

    /** Keeps the part of a picture that its mask does not clear, and paints the rest. */
    @POST
    @Path("edits")
    @Produces(MediaType.APPLICATION_JSON)
    @Consumes(MediaType.MULTIPART_FORM_DATA)
    @Blocking
    public CompletionStage<Answers.Images> edit(MultipartFormDataInput form, @Context UriInfo uri)
            throws IOException {
        ImageForm edit = ImageForm.of(form);
        return ingest.edit(edit.fields(), edit.image(), edit.mask(), ApiUrl.of(uri));
    }

    /** Keeps every second token of a picture, and paints the others anew. */
    @POST
    @Path("variations")
    @Produces(MediaType.APPLICATION_JSON)
    @Consumes(MediaType.MULTIPART_FORM_DATA)
    @Blocking
    public CompletionStage<Answers.Images> vary(MultipartFormDataInput form, @Context UriInfo uri)
            throws IOException {
        ImageForm variation = ImageForm.of(form);
        if (variation.mask().length > 0) {
            throw IngestException.invalid(
                    "mask", "mask: a variation has none, send it to /v1/images/edits");
        }
        return ingest.vary(variation.fields(), variation.image(), ApiUrl.of(uri));
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
