package dev.nocturne.ingest.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.JobDeleted;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.CaptionCheck;
import dev.nocturne.ingest.caption.CaptionFormat;
import dev.nocturne.ingest.caption.CaptionIntake;
import dev.nocturne.ingest.caption.PictureSizes;
import dev.nocturne.ingest.dispatch.FirstStart;
import dev.nocturne.ingest.file.DiskSpace;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.job.Backlog;
import dev.nocturne.ingest.job.IdempotencyKeys;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.ingest.job.JobFilter;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.telemetry.LogFields;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.schemas.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Jobs, and files of captions that become jobs. Thread-safe. */
public final class JobApi {

    private static final Logger LOG = LoggerFactory.getLogger(JobApi.class);

    /**
     * A job that was made of a file of captions.
     *
     * @param unusedColumns of a table: those that are no options, so that nothing was made of them
     */
    public record Submitted(
            @JsonUnwrapped Job job, @JsonProperty("unused_columns") List<String> unusedColumns) {}

    private final FileApi files;
    private final JobTable jobs;
    private final JobViews views;
    private final JobEvents events;
    private final IdempotencyKeys keys;
    private final FirstStart firstStart;
    private final Backlog backlog;
    private final DiskSpace disk;
    private final SpoolFolder spool;
    private final IdSource ids;
    private final Supplier<PictureSizes> pictureSizes;

    /**
     * @param pictureSizes the model's, as far as it is known by now
     */
    public JobApi(
            FileApi files,
            JobTable jobs,
            JobViews views,
            JobEvents events,
            IdempotencyKeys keys,
            FirstStart firstStart,
            Backlog backlog,
            DiskSpace disk,
            SpoolFolder spool,
            IdSource ids,
            Supplier<PictureSizes> pictureSizes) {
        this.files = files;
        this.jobs = jobs;
        this.views = views;
        this.events = events;
        this.keys = keys;
        this.firstStart = firstStart;
        this.backlog = backlog;
        this.disk = disk;
        this.spool = spool;
        this.ids = ids;
        this.pictureSizes = pictureSizes;
    }

    /**
     * Takes all captions of a file, in any of {@link CaptionFormat}, as one job, or nothing.
     *
     * @param idempotencyKey null if there is none; the same key again returns the same job
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @throws IngestException INVALID with the problems by line, CONFLICT if the key came with
     *     another request, TOO_LARGE, TOO_MANY, FULL or UNAVAILABLE
     * @throws IOException if the file cannot be read
     */
    public Submitted submit(CaptionUpload upload, String idempotencyKey, String apiUrl)
            throws IOException {
        SubmitParameters parameters = parametersNow(upload);
        disk.requireRoom();
        Path spooled = spool.newFile(".captions");
        Path lines = spool.newFile(".jsonl");
        try {
            String digest = spool(upload, spooled);
            CaptionIntake.Read read =
                    CaptionIntake.read(
                            spooled,
                            parameters.filename(),
                            upload.mediaType(),
                            parameters.defaults(),
                            pictureSizes.get(),
                            lines);
            requireGood(read.check());
            IdSource.Owned mine = ids.newJob();
            String id =
                    keys.once(
                            idempotencyKey,
                            digest,
                            () -> create(mine, read, parameters, idempotencyKey, digest, apiUrl));
            if (id.equals(mine.id())) {
                firstStart.tryNow(id, read.survey());
            }
            return new Submitted(job(id), read.check().unusedColumns());
        } finally {
            Files.deleteIfExists(spooled);
            Files.deleteIfExists(lines);
        }
    }

    private String create(
            IdSource.Owned job,
            CaptionIntake.Read read,
            SubmitParameters parameters,
            String idempotencyKey,
            String digest,
            String apiUrl)
            throws IOException {
        backlog.admitJob(
                job.id(),
                read.check().candidates(),
                () -> {
                    StoredFile file = files.upload(FileApi.UNNAMED, "batch", read.lines());
                    BatchRequest request =
                            new BatchRequest(
                                    file.id(),
                                    false,
                                    parameters.completionWindow(),
                                    parameters.window(),
                                    Map.of(),
                                    parameters.schedule(),
                                    parameters.webdataset(),
                                    null,
                                    digest);
                    events.publish(
                            job.id(), request.created(job, events.now(), idempotencyKey, apiUrl));
                });
        return job.id();
    }

    /**
     * @return SHA-256 of the request: of its captions and of what it says of them
     */
    private static String spool(CaptionUpload upload, Path spooled) throws IOException {
        DigestInputStream content = new DigestInputStream(upload.content(), Sha256.newDigest());
        Files.copy(content, spooled, StandardCopyOption.REPLACE_EXISTING);
        ObjectNode request =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("captions", content.getMessageDigest().digest())
                        .put("media_type", upload.mediaType());
        upload.parameters().forEach(request.putObject("parameters")::put);
        return BatchRequest.digest(request);
    }

    /** With a schedule that a job of this moment can keep. */
    private SubmitParameters parametersNow(CaptionUpload upload) {
        SubmitParameters parameters = SubmitParameters.parse(upload.parameters());
        Instant now = events.now();
        parameters.schedule().check(now, now.plus(parameters.window()));
        return parameters;
    }

    private static void requireGood(CaptionCheck check) {
        if (!check.errors().isEmpty()) {
            boolean tooLarge =
                    check.errors().stream().anyMatch(problem -> problem.code().equals("too_large"));
            throw new IngestException(
                    tooLarge ? IngestException.Kind.TOO_LARGE : IngestException.Kind.INVALID,
                    check.errors());
        }
    }

    /**
     * Says what {@link #submit} would make of a file, and makes nothing of it.
     *
     * @throws IngestException INVALID if a parameter is wrong, FULL or UNAVAILABLE
     * @throws IOException if the file cannot be read
     */
    public CaptionCheck check(CaptionUpload upload) throws IOException {
        SubmitParameters parameters = parametersNow(upload);
        disk.requireRoom();
        Path spooled = spool.newFile(".captions");
        try {
            Files.copy(upload.content(), spooled, StandardCopyOption.REPLACE_EXISTING);
            return CaptionIntake.check(
                    spooled,
                    parameters.filename(),
                    upload.mediaType(),
                    parameters.defaults(),
                    pictureSizes.get());
        } finally {
            Files.deleteIfExists(spooled);
        }
    }

    /**
     * @throws IngestException UNKNOWN
     */
    public Job job(String id) {
        return views.job(id);
    }

    /** All, the latest first. */
    public List<Job> jobs() {
        return jobs(JobFilter.ALL, null, Integer.MAX_VALUE);
    }

    /**
     * Latest first.
     *
     * @param after id of the job before the first one; null: from the latest on
     * @throws IngestException UNKNOWN
     */
    public List<Job> jobs(JobFilter filter, String after, int limit) {
        return views.jobs(filter, after, limit);
    }

    /**
     * Deletes a finished job: at once nothing tells of it any more, and soon afterwards its objects
     * leave the bucket. A job that is deleted stays so.
     *
     * @throws IngestException UNKNOWN, CONFLICT while it is open or another job is made of its
     *     candidates, or UNAVAILABLE
     */
    public void delete(String id) {
        if (jobs.deletedAt(id).isPresent()) {
            return;
        }
        Job job = job(id);
        if (!job.status().isTerminal()) {
            throw IngestException.conflict(
                    "id",
                    "job_open",
                    "job '%s' is %s: wait for its end or cancel it, then delete it"
                            .formatted(id, job.status().name().toLowerCase(Locale.ROOT)));
        }
        List<String> children = jobs.open(child -> child.reranks(id));
        if (!children.isEmpty()) {
            throw IngestException.conflict(
                    "id",
                    "job_in_use",
                    "job '%s' is made of the candidates of '%s': wait for its end or cancel it"
                            .formatted(children.get(0), id));
        }
        events.publish(id, new JobDeleted(false));
        LogFields.job(id, () -> LOG.info("job {} deleted", id));
    }
}
