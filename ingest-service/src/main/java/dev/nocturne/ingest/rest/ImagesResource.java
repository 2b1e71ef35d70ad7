package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.archive.MediaTypes;
import dev.nocturne.ingest.file.StoredObject;
import dev.nocturne.ingest.result.PartialImage;
import dev.nocturne.runtime.Answers;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jboss.resteasy.reactive.server.multipart.MultipartFormDataInput;

/** Single pictures, in the form of OpenAI's Images API; and where their addresses lead. */
@Path("/v1/images")
public class ImagesResource {

    private final IngestApi api;
    private final ObjectMapper json;
    private final Clock clock = Clock.systemUTC();

    public ImagesResource(IngestApi api, ObjectMapper json) {
        this.api = api;
        this.json = json;
    }

    /**
     * Answers when the picture is there, or with events as it is drawn; no thread waits for it.
     * Clients that stream accept JSON all the same.
     */
    @POST
    @Path("generations")
    @Produces(MediaType.WILDCARD)
    @Consumes(MediaType.WILDCARD)
    @Blocking
    public CompletionStage<Response> paint(InputStream body, @Context UriInfo uri)
            throws IOException {
        JsonNode request = JsonBody.read(body);
        String url = ApiUrl.of(uri);
        return answer(
                PaintEvents.GENERATION,
                request,
                partials -> api.images().paint(request, url, partials));
    }

    /** Keeps the part of a picture that its mask does not clear, and paints the rest; likewise. */
    @POST
    @Path("edits")
    @Produces(MediaType.WILDCARD)
    @Consumes(MediaType.MULTIPART_FORM_DATA)
    @Blocking
    public CompletionStage<Response> edit(MultipartFormDataInput form, @Context UriInfo uri)
            throws IOException {
        ImageForm edit = ImageForm.of(form);
        String url = ApiUrl.of(uri);
        return answer(
                PaintEvents.EDIT,
                edit.fields(),
                partials ->
                        api.images().edit(edit.fields(), edit.image(), edit.mask(), url, partials));
    }

    private CompletionStage<Response> answer(
            String kind,
            JsonNode request,
            Function<Consumer<PartialImage>, CompletionStage<Answers.Images>> paint) {
        return request.path("stream").booleanValue()
                ? CompletableFuture.completedFuture(PaintEvents.answer(kind, json, clock, paint))
                : paint.apply(null)
                        .thenApply(
                                images -> Response.ok(images, MediaType.APPLICATION_JSON).build());
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
        if (variation.fields().path("stream").booleanValue()) {
            throw IngestException.invalid(
                    "stream", "stream is true: a variation has no events, leave it out");
        }
        return api.images().vary(variation.fields(), variation.image(), ApiUrl.of(uri));
    }

    @GET
    @Path("{job}/{request}/{name}")
    @Produces(MediaType.WILDCARD)
    public Response picture(String job, String request, String name) {
        return response(api.candidates().picture(job, request, name), name);
    }

    /** The picture of a request as far as it is drawn; the next time it may be another. */
    @GET
    @Path("{job}/{request}/partial")
    @Produces(MediaType.WILDCARD)
    public Response partial(String job, String request) {
        PartialImage image = api.partialImage(job, request);
        return Response.ok(image.file(), image.format().mediaType())
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .build();
    }

    /** Answers at once when the candidate has been rendered before. */
    @GET
    @Path("{job}/{request}/candidates/{name}")
    @Produces(MediaType.WILDCARD)
    @Blocking
    public CompletionStage<Response> candidate(String job, String request, String name) {
        return api.candidates()
                .candidate(job, request, name)
                .thenApply(picture -> response(picture, name));
    }

    private static Response response(StoredObject picture, String name) {
        return Response.ok(picture, MediaTypes.of(name)).build();
    }
}
