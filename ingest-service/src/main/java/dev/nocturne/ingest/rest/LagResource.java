package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.lag.LagHistory;
import dev.nocturne.ingest.lag.LagReport;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/** Consumer lag of every stage. */
@Path("/v1/lag")
@Produces(MediaType.APPLICATION_JSON)
public class LagResource {

    private final IngestApi api;

    public LagResource(IngestApi api) {
        this.api = api;
    }

    @GET
    public LagReport lag() {
        return api.lag().latest();
    }

    /** The last hour, for charts. */
    @GET
    @Path("history")
    public LagHistory.View history() {
        return api.lag().history();
    }
}
