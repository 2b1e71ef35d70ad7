package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SequenceWriter;
import dev.nocturne.ingest.IngestService;
import dev.nocturne.ingest.Job;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;

/** Jobs: submit, look, fetch results. */
@Path("/v1/jobs")
@Produces(MediaType.APPLICATION_JSON)
public class JobsResource {

    private final IngestService ingest;
    private final ObjectMapper json;

    public JobsResource(IngestService ingest, ObjectMapper json) {
        this.ingest = ingest;
        this.json = json;
    }

    /** The body is JSONL, whatever its media type says. */
    @POST
    @Consumes(MediaType.WILDCARD)
    public Response submit(
            InputStream jsonl,
            @QueryParam("start_after") String startAfter,
            @QueryParam("window") String window,
            @QueryParam("deadline") String deadline,
            @Context UriInfo uri)
            throws IOException {
        Job job = ingest.submit(jsonl, startAfter, window, deadline, ApiUrl.of(uri));
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

    /** An array; one result at a time is in memory. */
    @GET
    @Path("{id}/results")
    public StreamingOutput results(String id) {
        ingest.job(id);
        return out -> {
            try (SequenceWriter array = json.writer().writeValuesAsArray(out)) {
                ingest.results(id, array::write);
            }
        };
    }
}
