package dev.nocturne.ingest.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobStopped;
import dev.nocturne.events.StopReason;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.file.DiskSpace;
import dev.nocturne.ingest.job.Backlog;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.IdempotencyKeys;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.runtime.telemetry.LogFields;
import dev.nocturne.schemas.IdSource;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Jobs of files that were uploaded before: create, look, cancel. Thread-safe. */
public final class BatchApi {

    private static final Logger LOG = LoggerFactory.getLogger(BatchApi.class);

    private final FileApi files;
    private final JobViews views;
    private final JobEvents events;
    private final IdempotencyKeys keys;
    private final Backlog backlog;
    private final DiskSpace disk;
    private final IdSource ids;

    public BatchApi(
            FileApi files,
            JobViews views,
            JobEvents events,
            IdempotencyKeys keys,
            Backlog backlog,
            DiskSpace disk,
            IdSource ids) {
        this.files = files;
        this.views = views;
        this.events = events;
        this.keys = keys;
        this.backlog = backlog;
        this.disk = disk;
        this.ids = ids;
    }

    /**
     * Creates a batch; its file is validated after the return.
     *
     * @param idempotencyKey null if there is none; the same key again returns the same batch
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @throws IngestException INVALID, CONFLICT if the key came with another body, TOO_MANY, FULL
     *     or UNAVAILABLE
     */
    public Batch create(JsonNode body, String idempotencyKey, String apiUrl) {
        BatchRequest request = BatchRequest.parse(body);
        String id =
                keys.once(
                        idempotencyKey,
                        request.digest(),
                        () -> create(request, idempotencyKey, apiUrl));
        return batch(id);
    }

    private String create(BatchRequest request, String idempotencyKey, String apiUrl) {
        if (files.find(request.inputFileId()).isEmpty()) {
            throw IngestException.invalid(
                    "input_file_id",
                    "file '%s' is not known: upload it with POST /v1/files"
                            .formatted(Excerpt.of(request.inputFileId())));
        }
        Instant now = events.now();
        request.schedule().check(now, now.plus(request.window()));
        disk.requireRoom();
        IdSource.Owned job = ids.newBatch();
        JobCreated created = request.created(job, now, idempotencyKey, apiUrl);
        backlog.admitJob(job.id(), 1, () -> events.publish(job.id(), created));
        LogFields.job(
                job.id(),
                () -> LOG.info("job {} created from {}", job.id(), request.inputFileId()));
        return job.id();
    }

    /**
     * @throws IngestException UNKNOWN
     */
    public Batch batch(String id) {
        return views.batch(id);
    }

    /**
     * Latest first, or the other way round.
     *
     * @param after id of the batch before the first one; null: from the first on
     * @throws IngestException UNKNOWN
     */
    public List<Batch> batches(boolean oldestFirst, String after, int limit) {
        return views.batches(oldestFirst, after, limit);
    }

    /**
     * Stops a batch; what is finished stays. A batch that is being cancelled stays so.
     *
     * @throws IngestException UNKNOWN, CONFLICT if it is done, or UNAVAILABLE
     */
    public Batch cancel(String id) {
        Batch batch = batch(id);
        switch (batch.status()) {
            case VALIDATING, IN_PROGRESS ->
                    events.publish(id, new JobStopped(StopReason.CANCELLED));
            case CANCELLING, CANCELLED -> {}
            default ->
                    throw IngestException.conflict(
                            "id",
                            "batch_done",
                            "batch '%s' is %s: only one that is in progress can be cancelled"
                                    .formatted(id, batch.status().name().toLowerCase(Locale.ROOT)));
        }
        return batch(id);
    }
}
