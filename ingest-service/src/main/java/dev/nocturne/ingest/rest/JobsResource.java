package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.IngestService;
import dev.nocturne.ingest.Job;
import dev.nocturne.ingest.RequestResult;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;

/** Jobs: submit, look, fetch results. */
@Path("/v1/jobs")
@Produces(MediaType.APPLICATION_JSON)
public class JobsResource {

    private final IngestService ingest;

    public JobsResource(IngestService ingest) {
        this.ingest = ingest;
    }

    /** The body is JSONL, whatever its media type says. */
    @POST
    @Consumes(MediaType.WILDCARD)
    public Response submit(InputStream jsonl) throws IOException {
        Job job = ingest.submit(jsonl);
        return Response.accepted(job).location(URI.create("/v1/jobs/" + job.id())).build();
    }

    @GET
    public List<Job> jobs() {
        return ingest.jobs();
    }

    @GET
    @Path("{id}")
    public Job job(String id) {
        return ingest.job(id);
    }

    @GET
    @Path("{id}/results")
    public List<RequestResult> results(String id) {
        return ingest.results(id);
    }
}
