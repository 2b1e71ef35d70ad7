package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.lag.LagHistory;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.shell.IngestService;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/** Consumer lag of every stage. */
@Path("/v1/lag")
@Produces(MediaType.APPLICATION_JSON)
public class LagResource {

    private final IngestService ingest;

    public LagResource(IngestService ingest) {
        this.ingest = ingest;
    }

    @GET
    public LagReport lag() {
        return ingest.lag();
    }

    /** The last hour, for charts. */
    @GET
    @Path("history")
    public LagHistory.View history() {
        return ingest.lagHistory();
    }
}
