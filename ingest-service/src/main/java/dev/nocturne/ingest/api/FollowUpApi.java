package dev.nocturne.ingest.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.Replay;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.file.DiskSpace;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoreAccess;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.job.Backlog;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.CompletionWindow;
import dev.nocturne.ingest.job.IdempotencyKeys;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.runtime.LineJson;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.telemetry.LogFields;
import dev.nocturne.schemas.IdSource;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Jobs that are made of what others have left. Thread-safe. */
public final class FollowUpApi {

    private static final Logger LOG = LoggerFactory.getLogger(FollowUpApi.class);
    private static final JsonMapper LINE = JsonMapper.builder(LineJson.factory()).build();

    private final FileApi fileApi;
    private final FileStore files;
    private final ResultApi results;
    private final JobViews views;
    private final JobEvents events;
    private final IdempotencyKeys keys;
    private final Backlog backlog;
    private final DiskSpace disk;
    private final SpoolFolder spool;
    private final IdSource ids;

    public FollowUpApi(
            FileApi fileApi,
            FileStore files,
            ResultApi results,
            JobViews views,
            JobEvents events,
            IdempotencyKeys keys,
            Backlog backlog,
            DiskSpace disk,
            SpoolFolder spool,
            IdSource ids) {
        this.fileApi = fileApi;
        this.files = files;
        this.results = results;
        this.views = views;
        this.events = events;
        this.keys = keys;
        this.backlog = backlog;
        this.disk = disk;
        this.spool = spool;
        this.ids = ids;
    }

    /**
     * Creates a batch of what a batch that is done has left unpainted: requests that failed, were
     * cancelled or expired. Bad lines are not among them; they would be bad again.
     *
     * @param idempotencyKey null if there is none; the same key again returns the same batch
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @return the new batch; its metadata names the old one as {@code parent_batch}
     * @throws IngestException UNKNOWN, CONFLICT if the batch is not done or all of it is painted,
     *     INVALID if its window does not open again within a completion window, or UNAVAILABLE
     */
    public Batch retryFailed(String id, String idempotencyKey, String apiUrl) throws IOException {
        String digest =
                BatchRequest.digest(JsonNodeFactory.instance.objectNode().put("retry_failed", id));
        return views.batch(
                keys.once(
                        idempotencyKey,
                        digest,
                        () -> createRetry(id, idempotencyKey, digest, apiUrl)));
    }

    private String createRetry(String id, String idempotencyKey, String digest, String apiUrl)
            throws IOException {
        Batch parent = views.batch(id);
        boolean wasStarted = parent.status().isTerminal() && parent.requestCounts().total() > 0;
        Path lines = spool.newFile(".jsonl");
        try {
            if (!wasStarted || !writeUnpainted(id, lines)) {
                throw IngestException.conflict(
                        "id",
                        "nothing_to_retry",
                        "batch '%s' is %s and has nothing to retry: only what a batch that is done has left can be"
                                .formatted(id, parent.status().name().toLowerCase(Locale.ROOT)));
            }
            IdSource.Owned child = ids.newBatch();
            Inheritance inherited = views.ask(id, Inheritance::of);
            Instant now = events.now();
            String window = parent.completionWindow();
            inherited.schedule().check(now, now.plus(CompletionWindow.parse(window)));
            Map<String, String> metadata = new TreeMap<>(parent.metadata());
            metadata.put("parent_batch", id);
            backlog.admitJob(
                    child.id(),
                    1,
                    () -> {
                        StoredFile file =
                                fileApi.upload("%s-retry.jsonl".formatted(id), "batch", lines);
                        BatchRequest request =
                                new BatchRequest(
                                        file.id(),
                                        false,
                                        window,
                                        CompletionWindow.parse(window),
                                        metadata,
                                        inherited.schedule(),
                                        inherited.webdataset(),
                                        inherited.outputExpiresAfter(),
                                        digest);
                        JobCreated created =
                                request.created(child, events.now(), idempotencyKey, apiUrl);
                        events.publish(
                                child.id(),
                                JobCreated.newBuilder(created)
                                        .setReplay(inherited.rerank())
                                        .setSeedScheme(inherited.seedScheme())
                                        .build());
                    });
            LogFields.job(
                    child.id(),
                    () -> LOG.info("job {} created from what is left of {}", child.id(), id));
            return child.id();
        } finally {
            Files.deleteIfExists(lines);
        }
    }

    private boolean writeUnpainted(String id, Path lines) throws IOException {
        Set<String> painted = new HashSet<>();
        results.read(
                id,
                result -> {
                    if (result.status() == RequestResult.Status.COMPLETED) {
                        painted.add(result.requestId());
                    }
                });
        Path input = StoreAccess.ask(() -> files.download(input(id)));
        try (InputStream in = Files.newInputStream(input);
                OutputStream out = new BufferedOutputStream(Files.newOutputStream(lines))) {
            JobParser parser = new JobParser(in, id, Instant.EPOCH);
            boolean any = false;
            for (JobParser.Line line = parser.next(); line != null; line = parser.next()) {
                if (line.isGood() && !painted.contains(line.requestId())) {
                    out.write(parser.named(line));
                    out.write('\n');
                    any = true;
                }
            }
            return any;
        } finally {
            Files.deleteIfExists(input);
        }
    }

    /** A job's file, or else, once it is deleted, the copy that every finished job has. */
    private StoredFile input(String id) {
        String fileId = views.batch(id).inputFileId();
        StoredFile copy =
                new StoredFile(fileId, 0, 0, null, null, "batch", JobKeys.key(id, "input.jsonl"));
        return files.find(fileId).filter(files::hasContent).orElse(copy);
    }

    /**
     * Creates a job that publishes other pictures of the candidates that a finished job has drawn,
     * by their old scores or by new ones; nothing is drawn again. Its counts, its files and its end
     * are those of any job.
     *
     * @param body see {@link RerankRequest}
     * @param idempotencyKey null if there is none; the same key again returns the same job
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @return the new job; its metadata names the old one as {@code parent_batch}
     * @throws IngestException INVALID, UNKNOWN, CONFLICT if the job is not finished or has no
     *     pictures, or UNAVAILABLE
     */
    public Job rerank(String id, JsonNode body, String idempotencyKey, String apiUrl)
            throws IOException {
        RerankRequest rerank = RerankRequest.parse(body);
        String digest = BatchRequest.digest(((ObjectNode) body).deepCopy().put("rerank", id));
        return views.job(
                keys.once(
                        idempotencyKey,
                        digest,
                        () -> createRerank(id, rerank, idempotencyKey, digest, apiUrl)));
    }

    private String createRerank(
            String id, RerankRequest rerank, String idempotencyKey, String digest, String apiUrl)
            throws IOException {
        Job parent = views.job(id);
        disk.requireRoom();
        Path lines = spool.newFile(".jsonl");
        try {
            if (!parent.status().isTerminal() || !writePainted(id, rerank, lines)) {
                throw IngestException.conflict(
                        "id",
                        "nothing_to_rerank",
                        "job '%s' is %s and has nothing to rank again: only pictures of a finished job can be"
                                .formatted(id, parent.status().name().toLowerCase(Locale.ROOT)));
            }
            StoredFile file = fileApi.upload("%s-rerank.jsonl".formatted(id), "batch", lines);
            Inheritance inherited = views.ask(id, Inheritance::of);
            String window = CompletionWindow.LONGEST;
            BatchRequest request =
                    new BatchRequest(
                            file.id(),
                            false,
                            window,
                            CompletionWindow.parse(window),
                            Map.of("parent_batch", id),
                            Schedule.AT_ONCE,
                            inherited.webdataset(),
                            inherited.outputExpiresAfter(),
                            digest);
            IdSource.Owned child = ids.newJob();
            JobCreated created = request.created(child, events.now(), idempotencyKey, apiUrl);
            events.publish(
                    child.id(),
                    JobCreated.newBuilder(created)
                            .setReplay(new Replay(id, rerank.top(), rerank.rescore()))
                            .build());
            LogFields.job(
                    child.id(),
                    () -> LOG.info("job {} created from the candidates of {}", child.id(), id));
            return child.id();
        } finally {
            Files.deleteIfExists(lines);
        }
    }

    private boolean writePainted(String id, RerankRequest rerank, Path lines) throws IOException {
        boolean[] any = {false};
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(lines))) {
            results.read(
                    id,
                    result -> {
                        if (result.status() == RequestResult.Status.COMPLETED) {
                            int top = rerank.top(result.images().size());
                            out.write(
                                    LINE.writeValueAsBytes(
                                            LINE.createObjectNode()
                                                    .put("custom_id", result.customId())
                                                    .put("prompt", result.caption())
                                                    .put("candidates", top)
                                                    .put("top", top)));
                            out.write('\n');
                            any[0] = true;
                        }
                    });
        }
        return any[0];
    }
}
