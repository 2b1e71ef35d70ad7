package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SequenceWriter;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.api.JobApi;
import dev.nocturne.ingest.archive.JobFile;
import dev.nocturne.ingest.archive.MediaTypes;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobFilter;
import dev.nocturne.ingest.result.RequestFilter;
import dev.nocturne.ingest.result.StoredRequest;
import dev.nocturne.runtime.RequestResult;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jboss.resteasy.reactive.server.multipart.MultipartFormDataInput;

/** Jobs: submit, look, fetch results and files, rank again. */
@Path("/v1/jobs")
@Produces(MediaType.APPLICATION_JSON)
public class JobsResource {

    private static final String JSON_LINES = "application/jsonl";
    private static final int PAGE = 48;
    private static final int LONGEST_PAGE = 1_000;

    private final IngestApi api;
    private final ObjectMapper json;

    public JobsResource(IngestApi api, ObjectMapper json) {
        this.api = api;
        this.json = json;
    }

    /** The body is a file of captions; its media type and its name tell how they are written. */
    @POST
    @Consumes(MediaType.WILDCARD)
    public Response submit(
            InputStream captions,
            @HeaderParam("Idempotency-Key") String idempotencyKey,
            @Context HttpHeaders headers,
            @Context UriInfo uri)
            throws IOException {
        CaptionUpload upload = CaptionUploads.ofBody(captions, headers, uri);
        return accepted(api.jobs().submit(upload, idempotencyKey, ApiUrl.of(uri)));
    }

    @POST
    @Consumes(MediaType.MULTIPART_FORM_DATA)
    public Response submitForm(
            MultipartFormDataInput form,
            @HeaderParam("Idempotency-Key") String idempotencyKey,
            @Context UriInfo uri)
            throws IOException {
        return accepted(
                CaptionUploads.ofForm(
                        form,
                        uri,
                        upload -> api.jobs().submit(upload, idempotencyKey, ApiUrl.of(uri))));
    }

    private static Response accepted(JobApi.Submitted submitted) {
        return Response.accepted(submitted)
                .location(URI.create("/v1/jobs/" + submitted.job().id()))
                .build();
    }

    /** All that fit, unless {@code limit} says how many. */
    @GET
    public List<Job> jobs(
            @QueryParam("state") String state,
            @QueryParam("kind") String kind,
            @QueryParam("text") String text,
            @QueryParam("after") String after,
            @QueryParam("limit") String limit) {
        JobFilter filter =
                new JobFilter(
                        choice("state", JobFilter.State.values(), state),
                        choice("kind", JobFilter.Kind.values(), kind),
                        words(text));
        return api.jobs()
                .jobs(filter, after, Page.limit(limit, Integer.MAX_VALUE, Integer.MAX_VALUE));
    }

    private static String words(String text) {
        return text == null || text.isBlank() ? null : text;
    }

    /** Null if the caller does not care. */
    private static <T extends Enum<T>> T choice(String name, T[] values, String text) {
        if (text == null) {
            return null;
        }
        List<String> names =
                Arrays.stream(values).map(value -> value.name().toLowerCase(Locale.ROOT)).toList();
        int index = names.indexOf(text);
        if (index < 0) {
            throw IngestException.invalid(
                    name,
                    "%s is '%s': must be one of %s"
                            .formatted(name, text, String.join(", ", names)));
        }
        return values[index];
    }

    @GET
    @Path("{id}")
    public Job job(String id) {
        return api.jobs().job(id);
    }

    record Deleted(String id, String object, boolean deleted) {}

    /** With its pictures and files; there is no way back. */
    @DELETE
    @Path("{id}")
    public Deleted delete(String id) {
        api.jobs().delete(id);
        return new Deleted(id, "job", true);
    }

    /** An array; one result at a time is in memory. */
    @GET
    @Path("{id}/results")
    public StreamingOutput results(String id) {
        api.jobs().job(id);
        return out -> {
            try (SequenceWriter array = json.writer().writeValuesAsArray(out)) {
                api.results().read(id, array::write);
            }
        };
    }

    /** As {@code results}, but a page of them, the latest first. */
    @GET
    @Path("{id}/requests")
    public Page<RequestResult> requests(
            String id,
            @QueryParam("after") String after,
            @QueryParam("limit") String limit,
            @QueryParam("status") String status,
            @QueryParam("text") String text) {
        int count = Page.limit(limit, PAGE, LONGEST_PAGE);
        RequestFilter filter =
                new RequestFilter(
                        choice("status", RequestResult.Status.values(), status), words(text));
        return Page.of(
                api.results().requests(id, filter, after, count + 1),
                count,
                RequestResult::requestId);
    }

    /** A painted request with all its candidates. */
    @GET
    @Path("{id}/requests/{request}")
    public StoredRequest request(String id, String request, @Context UriInfo uri) {
        return api.candidates().request(id, request, ApiUrl.of(uri));
    }

    /** What a finished job has left, without the files of single requests. */
    @GET
    @Path("{id}/files")
    public List<JobFile> files(String id) throws IOException {
        return api.jobFiles().files(id);
    }

    /** A file of the job, by its name in the manifest. */
    @GET
    @Path("{id}/files/{name: .+}")
    @Produces(MediaType.WILDCARD)
    public Response file(String id, String name) {
        return Response.ok(api.jobFiles().file(id, name), MediaTypes.of(name)).build();
    }

    /** Where anybody can get the files of a finished job for a while; a line a file. */
    @GET
    @Path("{id}/links")
    @Produces(JSON_LINES)
    public StreamingOutput links(String id, @QueryParam("expires_in") String expiresIn) {
        return api.jobFiles().links(id, expiresIn)::write;
    }

    /** A new job with other pictures of what this one has drawn, by old scores or new ones. */
    @POST
    @Path("{id}/rerank")
    @Consumes(MediaType.WILDCARD)
    public Response rerank(
            String id,
            InputStream body,
            @HeaderParam("Idempotency-Key") String idempotencyKey,
            @Context UriInfo uri)
            throws IOException {
        Job job = api.followUps().rerank(id, JsonBody.read(body), idempotencyKey, ApiUrl.of(uri));
        return Response.accepted(job).location(URI.create("/v1/jobs/" + job.id())).build();
    }
}
