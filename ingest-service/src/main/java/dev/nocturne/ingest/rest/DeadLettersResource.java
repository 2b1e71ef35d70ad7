package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.result.DeadLetter;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;

/** Records that no stage could process: list, look, publish again. */
@Path("/v1/dead-letters")
@Produces(MediaType.APPLICATION_JSON)
public class DeadLettersResource {

    private static final int PAGE = 20;
    private static final int LONGEST_PAGE = 100;

    private final IngestApi api;

    public DeadLettersResource(IngestApi api) {
        this.api = api;
    }

    @GET
    public Page<DeadLetter> letters(
            @QueryParam("after") String after, @QueryParam("limit") String limit) {
        int count = Page.limit(limit, PAGE, LONGEST_PAGE);
        return Page.of(api.deadLetters().letters(after, count + 1), count, DeadLetter::id);
    }

    @GET
    @Path("{id}")
    public DeadLetter.Opened letter(String id) {
        return api.deadLetters().letter(id);
    }

    @POST
    @Path("{id}/replay")
    public DeadLetter replay(String id) {
        return api.deadLetters().replay(id);
    }
}
