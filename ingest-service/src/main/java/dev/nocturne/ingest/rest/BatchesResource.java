package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.job.Batch;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;

/** Jobs that are made from files, in the form of OpenAI's Batch API. */
@Path("/v1/batches")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.WILDCARD)
public class BatchesResource {

    private static final int PAGE = 20;
    private static final int LONGEST_PAGE = 100;

    private final IngestApi api;

    public BatchesResource(IngestApi api) {
        this.api = api;
    }

    @POST
    public Batch create(
            InputStream body,
            @HeaderParam("Idempotency-Key") String idempotencyKey,
            @Context UriInfo uri)
            throws IOException {
        return api.batches().create(JsonBody.read(body), idempotencyKey, ApiUrl.of(uri));
    }

    @GET
    public Page<Batch> batches(
            @QueryParam("after") String after,
            @QueryParam("limit") String limit,
            @QueryParam("order") String order) {
        int count = Page.limit(limit, PAGE, LONGEST_PAGE);
        return Page.of(
                api.batches().batches(Page.oldestFirst(order), after, count + 1), count, Batch::id);
    }

    @GET
    @Path("{id}")
    public Batch batch(String id) {
        return api.batches().batch(id);
    }

    @POST
    @Path("{id}/cancel")
    public Batch cancel(String id) {
        return api.batches().cancel(id);
    }

    /** Not OpenAI's: a new batch of what this one has left. */
    @POST
    @Path("{id}/retry-failed")
    public Batch retryFailed(
            String id, @HeaderParam("Idempotency-Key") String idempotencyKey, @Context UriInfo uri)
            throws IOException {
        return api.followUps().retryFailed(id, idempotencyKey, ApiUrl.of(uri));
    }
}
