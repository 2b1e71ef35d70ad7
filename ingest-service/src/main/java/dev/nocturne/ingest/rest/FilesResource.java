package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.file.ExpiresAfter;
import dev.nocturne.ingest.file.StoredFile;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import org.jboss.resteasy.reactive.RestForm;
import org.jboss.resteasy.reactive.multipart.FileUpload;

/** Files of captions and of answers, in the form of OpenAI's Files API. */
@Path("/v1/files")
@Produces(MediaType.APPLICATION_JSON)
public class FilesResource {

    private static final int PAGE = 100;
    private static final int LONGEST_PAGE = 10_000;

    private final IngestApi api;

    public FilesResource(IngestApi api) {
        this.api = api;
    }

    /** A file as OpenAI shows it. */
    @JsonNaming(SnakeCaseStrategy.class)
    record FileObject(
            String id,
            String object,
            long bytes,
            long createdAt,
            Long expiresAt,
            String filename,
            String purpose,
            String status) {

        static FileObject of(StoredFile file) {
            return new FileObject(
                    file.id(),
                    "file",
                    file.bytes(),
                    file.createdAt(),
                    file.expiresAt(),
                    file.filename(),
                    file.purpose(),
                    "processed");
        }
    }

    record Deleted(String id, String object, boolean deleted) {}

    @POST
    @Consumes(MediaType.MULTIPART_FORM_DATA)
    public FileObject upload(
            @RestForm FileUpload file,
            @RestForm String purpose,
            @RestForm("expires_after[anchor]") String expiryAnchor,
            @RestForm("expires_after[seconds]") String expirySeconds)
            throws IOException {
        if (file == null) {
            throw IngestException.invalid(
                    "file", "file is missing: send it as a part of multipart/form-data");
        }
        ExpiresAfter expiresAfter =
                ExpiresAfter.parse("expires_after", expiryAnchor, expirySeconds);
        return FileObject.of(
                api.files().upload(file.fileName(), purpose, expiresAfter, file.uploadedFile()));
    }

    @GET
    public Page<FileObject> files(
            @QueryParam("after") String after,
            @QueryParam("limit") String limit,
            @QueryParam("order") String order,
            @QueryParam("purpose") String purpose) {
        int count = Page.limit(limit, PAGE, LONGEST_PAGE);
        return Page.of(
                api.files().files(Page.oldestFirst(order), after, count + 1, purpose).stream()
                        .map(FileObject::of)
                        .toList(),
                count,
                FileObject::id);
    }

    @GET
    @Path("{id}")
    public FileObject file(String id) {
        return FileObject.of(api.files().file(id));
    }

    /** Whatever the caller would like best: OpenAI's clients name a type that there is not. */
    @GET
    @Path("{id}/content")
    @Produces(MediaType.WILDCARD)
    public Response content(String id) {
        return Response.ok(
                        api.files().content(api.files().file(id)),
                        MediaType.APPLICATION_OCTET_STREAM)
                .build();
    }

    @DELETE
    @Path("{id}")
    public Deleted delete(String id) {
        api.files().delete(id);
        return new Deleted(id, "file", true);
    }
}
