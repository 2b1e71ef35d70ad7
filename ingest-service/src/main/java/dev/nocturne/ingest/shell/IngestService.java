package dev.nocturne.ingest.shell;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobDeleted;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobStopped;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.Replay;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.StopReason;
import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.api.BatchRequest;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.api.ChangeFeed;
import dev.nocturne.ingest.api.RerankRequest;
import dev.nocturne.ingest.api.SubmitParameters;
import dev.nocturne.ingest.archive.JobFile;
import dev.nocturne.ingest.archive.JobFileName;
import dev.nocturne.ingest.archive.JobFiles;
import dev.nocturne.ingest.archive.JobLinks;
import dev.nocturne.ingest.archive.JobManifest;
import dev.nocturne.ingest.caption.CaptionCheck;
import dev.nocturne.ingest.caption.CaptionFormat;
import dev.nocturne.ingest.caption.CaptionIntake;
import dev.nocturne.ingest.caption.CaptionJson;
import dev.nocturne.ingest.caption.ImageParameters;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.caption.JsonCaptionStage;
import dev.nocturne.ingest.caption.JsonLines;
import dev.nocturne.ingest.caption.PictureSize;
import dev.nocturne.ingest.dispatch.BucketWatch;
import dev.nocturne.ingest.dispatch.Dispatcher;
import dev.nocturne.ingest.dispatch.Housekeeper;
import dev.nocturne.ingest.dispatch.Intake;
import dev.nocturne.ingest.dispatch.JobKeeper;
import dev.nocturne.ingest.dispatch.LostRequests;
import dev.nocturne.ingest.dispatch.Replays;
import dev.nocturne.ingest.dispatch.RequestSender;
import dev.nocturne.ingest.dispatch.TopicWatch;
import dev.nocturne.ingest.file.DiskSpace;
import dev.nocturne.ingest.file.ExpiresAfter;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.file.StoredObject;
import dev.nocturne.ingest.job.Backlog;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.CompletionWindow;
import dev.nocturne.ingest.job.IdempotencyKeys;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobFilter;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobLog;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.job.ResultIndex;
import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.ingest.job.SkippedRecords;
import dev.nocturne.ingest.lag.LagHistory;
import dev.nocturne.ingest.lag.LagMetrics;
import dev.nocturne.ingest.lag.LagMonitor;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.lag.PipelineStage;
import dev.nocturne.ingest.result.DeadLetterLog;
import dev.nocturne.ingest.result.PartialImage;
import dev.nocturne.ingest.result.PartialImages;
import dev.nocturne.ingest.result.RequestFilter;
import dev.nocturne.ingest.result.ResultLog;
import dev.nocturne.ingest.result.StoredRequest;
import dev.nocturne.ingest.result.StoredResults;
import dev.nocturne.ingest.webhook.WebhookEndpoints;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.ingest.webhook.Webhooks;
import dev.nocturne.runtime.Answers;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.LineJson;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.StageException;
import dev.nocturne.runtime.StageRunner;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.PlainText;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.Topics;
import dev.nocturne.schemas.Violation;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes jobs in, keeps account of them, writes their files, and measures consumer lag.
 *
 * <p>Holds no state of its own: files are in the bucket, and every start rebuilds the jobs from the
 * log. All methods may be called from any thread.
 */
public final class IngestService implements Service {

    private static final Logger LOG = LoggerFactory.getLogger(IngestService.class);
    private static final Duration RETRY = Duration.ofSeconds(2);
    private static final Duration TELL = Duration.ofSeconds(2);

    /** For a single picture, and for the log to be read. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final int STORE_READERS = 16;

    private static final String UNNAMED_FILE = "captions.jsonl";

    /** Stands where a variation's caption would. */
    private static final String VARIATION = "a variation";

    /** Results that a search for a text reads at a time. */
    private static final int SEARCH_CHUNK = 500;

    private static final JsonMapper LINE = JsonMapper.builder(LineJson.factory()).build();

    private static final Pattern PICTURE = Pattern.compile("[1-9]\\d{0,2}\\.(png|jpg|webp)");

    private final KafkaSettings kafka;
    private final Supplier<ObjectStore> openStore;
    private final WebhookSettings webhookSettings;
    private final WebhookEndpoints webhookEndpoints;
    private final MeterRegistry meters;
    private final Clock clock;
    private final JobTable jobs;
    private final JobPublisher publisher;
    private final ResultLog results;
    private final DiskSpace disk;
    private final Backlog backlog;
    private final IngestLimits limits;
    private final SpoolFolder spool;
    private final LagMonitor lag;
    private final SkippedRecords skippedRecords;
    private final ChangeFeed feed;
    private final PartialImages partialImages;
    private final DeadLetterLog deadLetters;
    private final StageRunner<?> jsonCaptions;
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread logThread = new Thread(this::followLog, "job-log");
    private final IdSource ids;
    private final IdempotencyKeys keys;

    /** Answers read pictures from the store, and the common pool has as few threads as the CPU. */
    private final ExecutorService storeReaders =
            Executors.newFixedThreadPool(
                    STORE_READERS,
                    task -> {
                        Thread thread = new Thread(task, "store-reader");
                        thread.setDaemon(true);
                        return thread;
                    });

    /** Who waits for the result of a job of one caption. */
    private final Map<String, CompletableFuture<RequestResult>> waiting = new ConcurrentHashMap<>();

    // null before the store is opened; then set once
    private volatile ObjectStore store;
    private volatile FileStore files;
    private volatile StoredResults storedResults;
    private volatile Intake intake;
    private volatile List<BackgroundTask> background = List.of();

    private volatile PictureSize pictureSize = PictureSize.UNKNOWN;
    private volatile JobLog log; // null while Kafka or the store is away
    private long toldNanos; // the log thread's own
    private volatile boolean caughtUp;
    private volatile String message = "starting";

    /** Wrong settings of webhooks stop the service as soon as it is started. */
    public IngestService(
            KafkaSettings kafka,
            ObjectStoreSettings objectStore,
            WebhookSettings webhooks,
            RegistrySettings schemaRegistry,
            IngestLimits limits,
            SpoolFolder spool,
            MeterRegistry registry) {
        this(
                kafka,
                () -> ObjectStore.open(objectStore),
                webhooks,
                schemaRegistry,
                limits,
                spool,
                registry,
                Clock.systemUTC());
    }

    /** As the other one, on a store and by a clock of the caller's. */
    public IngestService(
            KafkaSettings kafka,
            Supplier<ObjectStore> openStore,
            WebhookSettings webhooks,
            RegistrySettings schemaRegistry,
            IngestLimits limits,
            SpoolFolder spool,
            MeterRegistry registry,
            Clock clock) {
        this.kafka = kafka;
        this.openStore = openStore;
        this.webhookSettings = webhooks;
        this.webhookEndpoints = new WebhookEndpoints(webhooks, clock);
        this.meters = registry;
        this.clock = clock;
        this.ids = new IdSource(clock, new SecureRandom());
        this.jobs = new JobTable(clock);
        this.keys = new IdempotencyKeys(jobs);
        this.limits = limits;
        this.spool = spool;
        this.disk = new DiskSpace(limits.folders(), limits.minFreeBytes());
        this.backlog = new Backlog(jobs, limits.maxWaitingCandidates());
        this.publisher = new JobPublisher(kafka);
        this.results = new ResultLog(kafka);
        this.lag =
                new LagMonitor(
                        kafka,
                        PipelineStage.of(!webhooks.areNone(), schemaRegistry),
                        new LagMetrics(registry),
                        clock);
        this.skippedRecords = new SkippedRecords(registry);
        this.feed = new ChangeFeed(jobs, lag, () -> caughtUp ? null : outage(), clock);
        this.partialImages = new PartialImages(kafka, registry, this::isFinished, feed::partial);
        this.deadLetters = new DeadLetterLog(kafka, this::isFromFile, clock);
        this.jsonCaptions =
                new StageRunner<>(new JsonCaptionStage(() -> pictureSize), kafka, registry, clock);
        jsonCaptions.failure().thenAccept(failure::complete);
    }

    @Override
    public void start() {
        logThread.start();
        jsonCaptions.start();
        feed.start();
        partialImages.start();
    }

    // ---- files

    /** As the next one, until somebody deletes it. */
    public StoredFile upload(String filename, String purpose, Path content) throws IOException {
        return upload(filename, purpose, null, content);
    }

    /**
     * Keeps a file.
     *
     * @param filename the uploader's, only shown; one is made up where there is none
     * @param purpose must be {@code batch}
     * @param expiresAfter null: it stays
     * @throws IngestException INVALID, TOO_LARGE, FULL or UNAVAILABLE
     */
    public StoredFile upload(
            String filename, String purpose, ExpiresAfter expiresAfter, Path content)
            throws IOException {
        requireCaughtUp();
        disk.requireRoom();
        if (!"batch".equals(purpose)) {
            throw IngestException.invalid(
                    "purpose",
                    "purpose is %s: must be 'batch'"
                            .formatted(
                                    purpose == null
                                            ? "missing"
                                            : "'%s'".formatted(Excerpt.of(purpose))));
        }
        String name = filename == null || filename.isBlank() ? UNNAMED_FILE : filename;
        PlainText.fault(name)
                .ifPresent(
                        fault -> {
                            throw IngestException.invalid(
                                    "file",
                                    "the name of the file holds %s: rename it".formatted(fault));
                        });
        long bytes = Files.size(content);
        if (bytes > JsonLines.MAX_FILE_BYTES) {
            throw IngestException.tooLarge(
                    null,
                    "the file has %d bytes, at most %d: split it, or send it gzipped"
                            .formatted(bytes, JsonLines.MAX_FILE_BYTES));
        }
        String id = ids.newFileId();
        long createdAt = clock.instant().getEpochSecond();
        StoredFile file =
                new StoredFile(
                        id,
                        bytes,
                        createdAt,
                        expiresAfter == null ? null : createdAt + expiresAfter.seconds(),
                        name,
                        purpose,
                        FileStore.contentKey(id));
        return fromStore(
                () -> {
                    files.put(file, content);
                    return file;
                });
    }

    /**
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public StoredFile file(String id) {
        requireCaughtUp();
        return find(id).orElseThrow(() -> IngestException.unknownFile(id));
    }

    /** An expired file is gone, though its objects may still be there. */
    private Optional<StoredFile> find(String id) {
        return fromStore(() -> files.find(id)).filter(file -> !file.isExpired(clock.instant()));
    }

    /**
     * Latest first, or the other way round.
     *
     * @param after id of the file before the first one; null: from the first on
     * @param purpose null: any
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public List<StoredFile> files(boolean oldestFirst, String after, int limit, String purpose) {
        requireCaughtUp();
        List<String> ids = new ArrayList<>(fromStore(files::ids));
        if (oldestFirst) {
            Collections.reverse(ids);
        }
        int start = 0;
        if (after != null) {
            start = ids.indexOf(after) + 1;
            if (start == 0) {
                throw IngestException.unknownFile(after);
            }
        }
        List<StoredFile> page = new ArrayList<>();
        for (String id : ids.subList(start, ids.size())) {
            if (page.size() == limit) {
                break;
            }
            find(id).filter(file -> purpose == null || file.purpose().equals(purpose))
                    .ifPresent(page::add);
        }
        return page;
    }

    /**
     * The bytes of a file, which the caller closes.
     *
     * @throws IngestException UNKNOWN if somebody has deleted them from the bucket, or UNAVAILABLE
     */
    public StoredObject content(StoredFile file) {
        return fromStore(() -> files.content(file))
                .orElseThrow(() -> IngestException.unknownFile(file.id()));
    }

    /**
     * @throws IngestException UNKNOWN, CONFLICT while a batch reads the file, or UNAVAILABLE
     */
    public void delete(String id) {
        StoredFile file = file(id);
        List<String> readers = jobs.open(job -> job.reads(id));
        if (!readers.isEmpty()) {
            throw IngestException.conflict(
                    "id",
                    "file_in_use",
                    "batch '%s' reads file '%s': wait for its end or cancel it"
                            .formatted(readers.get(0), id));
        }
        fromStore(
                () -> {
                    files.delete(file);
                    return null;
                });
    }

    private <T> T fromStore(Supplier<T> access) {
        try {
            return access.get();
        } catch (StageException e) {
            throw IngestException.unavailable(e);
        }
    }

    // ---- batches

    /**
     * Creates a batch; its file is validated after the return.
     *
     * @param idempotencyKey null if there is none; the same key again returns the same batch
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @throws IngestException INVALID, CONFLICT if the key came with another body, TOO_MANY, FULL
     *     or UNAVAILABLE
     */
    public Batch createBatch(JsonNode body, String idempotencyKey, String apiUrl) {
        requireCaughtUp();
        BatchRequest request = BatchRequest.parse(body);
        String id =
                keys.once(
                        idempotencyKey,
                        request.digest(),
                        () -> createBatch(request, idempotencyKey, apiUrl));
        return batch(id);
    }

    private String createBatch(BatchRequest request, String idempotencyKey, String apiUrl) {
        if (find(request.inputFileId()).isEmpty()) {
            throw IngestException.invalid(
                    "input_file_id",
                    "file '%s' is not known: upload it with POST /v1/files"
                            .formatted(Excerpt.of(request.inputFileId())));
        }
        request.schedule().check(now(), now().plus(request.window()));
        disk.requireRoom();
        IdSource.Owned job = ids.newBatch();
        JobCreated created = created(job, request, idempotencyKey, apiUrl);
        backlog.admitJob(job.id(), 1, () -> intake.publish(job.id(), created));
        LOG.info("job {} created from {}", job.id(), request.inputFileId());
        return job.id();
    }

    private JobCreated created(
            IdSource.Owned job, BatchRequest request, String idempotencyKey, String apiUrl) {
        Schedule schedule = request.schedule();
        return new JobCreated(
                request.inputFileId(),
                request.skipInvalid(),
                request.completionWindow(),
                now().plus(request.window()),
                request.metadata(),
                apiUrl,
                idempotencyKey,
                idempotencyKey == null ? null : request.digest(),
                schedule.startAfter(),
                schedule.window() == null ? null : schedule.window().toString(),
                schedule.deadline(),
                null,
                request.webdataset(),
                job.token(),
                SeedSchemes.FIRST_IS_OWN,
                request.outputExpiresAfter() == null
                        ? null
                        : request.outputExpiresAfter().seconds());
    }

    /**
     * @throws IngestException UNKNOWN, or UNAVAILABLE while the state is being rebuilt
     */
    public Batch batch(String id) {
        requireCaughtUp();
        return jobs.batch(id, clock.instant())
                .orElseThrow(() -> absent(id, IngestException.unknownBatch(id)));
    }

    /** Why there is no such job. */
    private IngestException absent(String id, IngestException unknown) {
        return jobs.deletedAt(id).map(at -> IngestException.deletedJob(id, at)).orElse(unknown);
    }

    /**
     * Latest first, or the other way round.
     *
     * @param after id of the batch before the first one; null: from the first on
     * @throws IngestException UNKNOWN, or UNAVAILABLE while the state is being rebuilt
     */
    public List<Batch> batches(boolean oldestFirst, String after, int limit) {
        requireCaughtUp();
        return jobs.batches(clock.instant(), oldestFirst, after, limit)
                .orElseThrow(() -> IngestException.unknownBatch(after));
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
                    intake.publish(id, new JobStopped(StopReason.CANCELLED));
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
        requireCaughtUp();
        String digest =
                BatchRequest.digest(JsonNodeFactory.instance.objectNode().put("retry_failed", id));
        return batch(
                keys.once(
                        idempotencyKey,
                        digest,
                        () -> createRetry(id, idempotencyKey, digest, apiUrl)));
    }

    private String createRetry(String id, String idempotencyKey, String digest, String apiUrl)
            throws IOException {
        Batch parent = batch(id);
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
            Schedule schedule = new Schedule(null, scheduleOf(id).window(), null);
            schedule.check(now(), now().plus(CompletionWindow.parse(parent.completionWindow())));
            Map<String, String> metadata = new TreeMap<>(parent.metadata());
            metadata.put("parent_batch", id);
            backlog.admitJob(
                    child.id(),
                    1,
                    () -> {
                        StoredFile file = upload("%s-retry.jsonl".formatted(id), "batch", lines);
                        BatchRequest request =
                                new BatchRequest(
                                        file.id(),
                                        false,
                                        parent.completionWindow(),
                                        CompletionWindow.parse(parent.completionWindow()),
                                        metadata,
                                        schedule,
                                        wantsWebDataset(id),
                                        outputExpiresAfter(id),
                                        digest);
                        JobCreated created = created(child, request, idempotencyKey, apiUrl);
                        intake.publish(
                                child.id(),
                                JobCreated.newBuilder(created)
                                        .setReplay(replay(id))
                                        .setSeedScheme(seedScheme(id))
                                        .build());
                    });
            LOG.info("job {} created from what is left of {}", child.id(), id);
            return child.id();
        } finally {
            Files.deleteIfExists(lines);
        }
    }

    private Schedule scheduleOf(String id) {
        return jobs.ask(id, JobState::schedule).orElseThrow();
    }

    /** What is made of a job's pictures is made of those of its children. */
    private boolean wantsWebDataset(String id) {
        return jobs.ask(id, job -> job.created() != null && job.created().getWebdataset())
                .orElse(false);
    }

    /** Likewise. */
    private ExpiresAfter outputExpiresAfter(String id) {
        return jobs.ask(id, JobState::created)
                .map(JobCreated::getOutputExpiresAfterSeconds)
                .map(ExpiresAfter::new)
                .orElse(null);
    }

    /** Null for a job that is drawn. */
    private Replay replay(String id) {
        return jobs.ask(id, job -> job.created().getReplay()).orElse(null);
    }

    /** What is painted later has the pictures that it would have had at once. */
    private int seedScheme(String id) {
        return jobs.ask(id, job -> job.created().getSeedScheme()).orElseThrow();
    }

    private boolean writeUnpainted(String id, Path lines) throws IOException {
        Set<String> painted = new HashSet<>();
        results(
                id,
                result -> {
                    if (result.status() == RequestResult.Status.COMPLETED) {
                        painted.add(result.requestId());
                    }
                });
        Path input = download(input(id));
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
        String fileId = batch(id).inputFileId();
        StoredFile copy =
                new StoredFile(fileId, 0, 0, null, null, "batch", JobKeys.key(id, "input.jsonl"));
        return fromStore(() -> files.find(fileId).filter(files::hasContent)).orElse(copy);
    }

    private Path download(StoredFile file) throws IOException {
        try {
            return files.download(file);
        } catch (StageException e) {
            throw IngestException.unavailable(e);
        }
    }

    // ---- single pictures

    /**
     * Paints one caption.
     *
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @return ends with an {@link IngestException} INVALID, FAILED or, after a while, TIMED_OUT
     * @throws IngestException INVALID, TOO_MANY, FULL or UNAVAILABLE
     */
    public CompletionStage<Answers.Images> paint(JsonNode body, String apiUrl) {
        return paint(body, apiUrl, null);
    }

    /**
     * As {@link #paint(JsonNode, String)}, and shows what is drawn meanwhile.
     *
     * @param partials given the partial images that the body asks for, in their order; must not
     *     wait. Null: nobody looks
     */
    public CompletionStage<Answers.Images> paint(
            JsonNode body, String apiUrl, Consumer<PartialImage> partials) {
        requireCaughtUp();
        if (!(body instanceof ObjectNode object)) {
            throw IngestException.invalid(null, "the body is not an object: send a JSON object");
        }
        return paint(object, CaptionSubmitted.newBuilder(), apiUrl, partials);
    }

    /**
     * Paints one caption, keeping a part of a picture.
     *
     * @param fields of the request, as of {@link #paint}
     * @param image PNG, JPEG or WebP
     * @param mask PNG, transparent where the picture is to be painted anew; empty: the image is
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @param partials as of {@link #paint(JsonNode, String, Consumer)}
     * @return as {@link #paint} does
     * @throws IngestException as {@link #paint} does
     */
    public CompletionStage<Answers.Images> edit(
            ObjectNode fields,
            byte[] image,
            byte[] mask,
            String apiUrl,
            Consumer<PartialImage> partials) {
        requireCaughtUp();
        CaptionSubmitted.Builder caption =
                CaptionSubmitted.newBuilder()
                        .setImagePrompt(ByteBuffer.wrap(image))
                        .setImagePromptMask(ByteBuffer.wrap(mask));
        return paintFrom(fields, caption, apiUrl, partials);
    }

    /**
     * Paints a picture that is like another one.
     *
     * @param fields of the request, as of {@link #paint}, but without a prompt
     * @param image PNG, JPEG or WebP
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @return as {@link #paint} does
     * @throws IngestException as {@link #paint} does
     */
    public CompletionStage<Answers.Images> vary(ObjectNode fields, byte[] image, String apiUrl) {
        requireCaughtUp();
        if (fields.has("prompt")) {
            throw IngestException.invalid(
                    "prompt", "prompt: a variation has none, send it to /v1/images/edits");
        }
        CaptionSubmitted.Builder caption =
                CaptionSubmitted.newBuilder()
                        .setImagePrompt(ByteBuffer.wrap(image))
                        .setVariation(true);
        return paintFrom(fields.deepCopy().put("prompt", VARIATION), caption, apiUrl, null);
    }

    /** A caption with a picture, which the caller knows as {@code image}. */
    private CompletionStage<Answers.Images> paintFrom(
            ObjectNode fields,
            CaptionSubmitted.Builder caption,
            String apiUrl,
            Consumer<PartialImage> partials) {
        try {
            return paint(fields, caption, apiUrl, partials)
                    .exceptionally(
                            error -> {
                                throw error.getCause() instanceof IngestException refused
                                        ? refused.renamed("image_prompt", "image")
                                        : new CompletionException(error);
                            });
        } catch (IngestException e) {
            throw e.renamed("image_prompt", "image");
        }
    }

    /** That a request may name; empty while no encoder has said which size the model paints. */
    public List<String> sizes() {
        PictureSize pictures = pictureSize;
        return pictures.isKnown() ? List.of(ImageParameters.AUTO, pictures.name()) : List.of();
    }

    private CompletionStage<Answers.Images> paint(
            ObjectNode body,
            CaptionSubmitted.Builder caption,
            String apiUrl,
            Consumer<PartialImage> partials) {
        IdSource.Owned own = ids.newCaption();
        String customId = own.id();
        caption.setCustomId(customId).setJobToken(own.token()).setSubmittedAt(now());
        List<Violation> wrong = new ArrayList<>();
        ImageParameters imageParameters = CaptionJson.readBody(body, caption, wrong);
        wrong.addAll(imageParameters.check(pictureSize));
        if (!wrong.isEmpty()) {
            throw IngestException.invalid(wrong);
        }
        if (partials == null) {
            caption.getOptionsBuilder().setPartialImages(0);
        }
        disk.requireRoom();
        String jobId = Ids.captionJobId(customId);
        backlog.addPicture(jobId, caption.getOptionsBuilder().getCandidates());
        CompletableFuture<RequestResult> result = new CompletableFuture<>();
        waiting.put(jobId, result);
        if (partials != null) {
            partialImages.follow(jobId, partials);
        }
        result.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .whenComplete(
                        (done, error) -> {
                            waiting.remove(jobId);
                            partialImages.unfollow(jobId);
                        });
        CaptionSubmitted submitted = caption.build();
        try {
            String key = Ids.key(jobId, Ids.requestId(jobId, customId));
            publisher.publish(Topics.CAPTIONS.in(Lane.INTERACTIVE), key, submitted);
        } catch (IngestException e) {
            backlog.removePicture(jobId);
            result.completeExceptionally(e);
            throw e;
        }
        return result.handleAsync(
                (done, error) -> {
                    requirePainted(jobId, done, error);
                    boolean withFiles =
                            partials != null
                                    || imageParameters.answerFormat()
                                            == CaptionJson.AnswerFormat.B64_JSON;
                    return answer(submitted, jobId, done, withFiles, apiUrl);
                },
                storeReaders);
    }

    private Answers.Images answer(
            CaptionSubmitted caption,
            String jobId,
            RequestResult result,
            boolean withFiles,
            String apiUrl) {
        Answers.Images images =
                Answers.images(
                        result,
                        jobId,
                        apiUrl,
                        image -> withFiles ? fromStore(() -> store.get(image.key())) : null);
        PictureSize size = pictureSize;
        return images.described(
                caption.getOptions().getOutputFormat(),
                size.isKnown() ? size.name() : null,
                usage(caption, result, jobId));
    }

    /** Null if it is not known: the pictures are there all the same. */
    private Answers.Usage usage(CaptionSubmitted caption, RequestResult result, String jobId) {
        try {
            return storedResults
                    .find(jobId, result.requestId())
                    .map(file -> Answers.Usage.of(file, caption, result.images().size()))
                    .orElse(null);
        } catch (StageException e) {
            LOG.warn("ING-26 no usage in the answer of job {}: {}", jobId, e.getMessage());
            return null;
        }
    }

    /**
     * The picture of a request as far as it is drawn.
     *
     * @throws IngestException UNKNOWN if it is finished, none was asked for, or none is there yet
     */
    public PartialImage partialImage(String jobId, String requestId) {
        return partialImages
                .latest(jobId, requestId)
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "request",
                                        "unknown_picture",
                                        "request '%s' of job '%s' is not being drawn, or its partial_images is 0"
                                                .formatted(
                                                        Excerpt.of(requestId), Excerpt.of(jobId))));
    }

    private boolean isFinished(PartialImage image) {
        return jobs.ask(image.jobId(), job -> job.isFinished(image.requestId())).orElse(false);
    }

    private static void requirePainted(String jobId, RequestResult result, Throwable error) {
        if (error != null) {
            throw IngestException.timedOut(
                    "the picture was not finished within %d minutes: look for job '%s' later"
                            .formatted(PATIENCE.toMinutes(), jobId));
        }
        if (result.status() != RequestResult.Status.COMPLETED) {
            RequestResult.Failure failed = result.failure();
            boolean ours =
                    Set.of(
                                    ReasonCodes.MODEL_ERROR,
                                    ReasonCodes.OTHER_MODEL,
                                    ReasonCodes.STORAGE_ERROR,
                                    ReasonCodes.INTERNAL)
                            .contains(failed.code());
            throw new IngestException(
                    ours ? IngestException.Kind.FAILED : IngestException.Kind.INVALID,
                    List.of(new Problem(null, failed.param(), failed.code(), failed.message())));
        }
    }

    /**
     * A picture of a request, which the caller closes.
     *
     * @param name as the answers name it: the rank and the format, as {@code 1.png}
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public StoredObject picture(String jobId, String requestId, String name) {
        requireCaughtUp();
        String key = ResultFile.folder(jobId, requestId) + name;
        boolean wellFormed =
                Ids.isRequest(jobId, requestId)
                        && PICTURE.matcher(name).matches()
                        && jobs.deletedAt(jobId).isEmpty();
        return (wellFormed ? stored(key) : Optional.<StoredObject>empty())
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "name",
                                        "unknown_picture",
                                        "there is no picture '%s'".formatted(key)));
    }

    // ---- what is kept of finished requests

    /**
     * A painted request with all its candidates.
     *
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public StoredRequest request(String jobId, String requestId, String apiUrl) {
        return StoredRequest.of(stored(jobId, requestId), apiUrl);
    }

    private ResultFile stored(String jobId, String requestId) {
        requireCaughtUp();
        boolean wellFormed = Ids.isRequest(jobId, requestId) && jobs.deletedAt(jobId).isEmpty();
        return (wellFormed
                        ? fromStore(() -> storedResults.find(jobId, requestId))
                        : Optional.<ResultFile>empty())
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "request",
                                        "unknown_request",
                                        "request '%s' of job '%s' has no pictures: GET /v1/jobs/{id}/results tells which have"
                                                .formatted(
                                                        Excerpt.of(requestId), Excerpt.of(jobId))));
    }

    /**
     * The picture of any candidate, which the caller closes. The first time it is asked for it goes
     * through the pipeline, as a request of its own whose id is derived from the candidate's; later
     * it comes from the bucket.
     *
     * @param name the candidate's number and the format of the request's pictures, as {@code 0.png}
     * @return ends with an {@link IngestException} FAILED or, after a while, TIMED_OUT
     * @throws IngestException UNKNOWN, CONFLICT if its tokens were not kept, or UNAVAILABLE
     */
    public CompletionStage<StoredObject> candidate(String jobId, String requestId, String name) {
        ResultFile stored = stored(jobId, requestId);
        ResultFile.Candidate candidate =
                stored.ranking().stream()
                        .filter(one -> name.equals(stored.fileName(one.candidate())))
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        IngestException.unknown(
                                                "name",
                                                "unknown_picture",
                                                "request '%s' has no candidate '%s': name one of 0 to %d, as %s"
                                                        .formatted(
                                                                requestId,
                                                                Excerpt.of(name),
                                                                stored.ranking().size() - 1,
                                                                stored.fileName(0))));
        Optional<ResultFile.Image> image = stored.image(candidate.candidate());
        if (image.isPresent()) {
            return CompletableFuture.completedFuture(require(image.get().key()));
        }
        if (candidate.tokens() == null) {
            throw IngestException.conflict(
                    "name",
                    "tokens_not_kept",
                    "the tokens of candidate %d were not kept, they did not fit a message: paint its caption with fewer candidates"
                            .formatted(candidate.candidate()));
        }
        String customId = "%s-%s-%d".formatted(jobId, requestId, candidate.candidate());
        String own = Ids.captionJobId(customId);
        RequestRef request =
                new RequestRef(own, Ids.requestId(own, customId), customId, stored.caption());
        String key =
                ResultFile.folder(own, request.getRequestId()) + stored.fileName(candidate.rank());
        Optional<StoredObject> rendered = stored(key);
        if (rendered.isPresent()) {
            return CompletableFuture.completedFuture(rendered.get());
        }
        return render(stored.only(request, candidate), key);
    }

    private CompletionStage<StoredObject> render(CandidatesRanked candidate, String key) {
        RequestRef request = candidate.getRequest();
        String jobId = request.getJobId();
        CompletableFuture<RequestResult> result = new CompletableFuture<>();
        CompletableFuture<RequestResult> earlier = waiting.putIfAbsent(jobId, result);
        if (earlier == null) {
            result.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .whenComplete((done, error) -> waiting.remove(jobId));
            try {
                publisher.publish(
                        Topics.SELECTIONS.in(Lane.INTERACTIVE),
                        Ids.key(jobId, request.getRequestId()),
                        candidate);
            } catch (IngestException e) {
                result.completeExceptionally(e);
                throw e;
            }
        }
        return (earlier == null ? result : earlier)
                .handleAsync(
                        (done, error) -> {
                            requirePainted(jobId, done, error);
                            return require(key);
                        },
                        storeReaders);
    }

    private Optional<StoredObject> stored(String key) {
        return fromStore(() -> StoredObject.find(store, key));
    }

    /** Of a picture that was stored, unless somebody has deleted it. */
    private StoredObject require(String key) {
        return stored(key)
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "name",
                                        "unknown_picture",
                                        "picture '%s' was deleted from the bucket".formatted(key)));
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
        requireCaughtUp();
        RerankRequest rerank = RerankRequest.parse(body);
        String digest = BatchRequest.digest(((ObjectNode) body).deepCopy().put("rerank", id));
        return job(
                keys.once(
                        idempotencyKey,
                        digest,
                        () -> createRerank(id, rerank, idempotencyKey, digest, apiUrl)));
    }

    private String createRerank(
            String id, RerankRequest rerank, String idempotencyKey, String digest, String apiUrl)
            throws IOException {
        Job parent = job(id);
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
            StoredFile file = upload("%s-rerank.jsonl".formatted(id), "batch", lines);
            String window = CompletionWindow.LONGEST;
            BatchRequest request =
                    new BatchRequest(
                            file.id(),
                            false,
                            window,
                            CompletionWindow.parse(window),
                            Map.of("parent_batch", id),
                            Schedule.AT_ONCE,
                            wantsWebDataset(id),
                            outputExpiresAfter(id),
                            digest);
            IdSource.Owned child = ids.newJob();
            JobCreated created =
                    JobCreated.newBuilder(created(child, request, idempotencyKey, apiUrl))
                            .setReplay(new Replay(id, rerank.top(), rerank.rescore()))
                            .build();
            intake.publish(child.id(), created);
            LOG.info("job {} created from the candidates of {}", child.id(), id);
            return child.id();
        } finally {
            Files.deleteIfExists(lines);
        }
    }

    private boolean writePainted(String id, RerankRequest rerank, Path lines) throws IOException {
        boolean[] any = {false};
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(lines))) {
            results(
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

    /**
     * A file of a job, by its name in the manifest, which the caller closes; {@code manifest.json}
     * is there once the job is finished, the pictures of a request as soon as it is.
     *
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public StoredObject jobFile(String id, String name) {
        requireCaughtUp();
        String key = JobKeys.key(id, name);
        boolean wellFormed =
                Ids.isJobId(id) && JobFileName.isValid(name) && jobs.deletedAt(id).isEmpty();
        return (wellFormed ? stored(key) : Optional.<StoredObject>empty())
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "name",
                                        "unknown_file",
                                        "job '%s' has no file '%s': its manifest.json lists all, once it is finished"
                                                .formatted(Excerpt.of(id), Excerpt.of(name))));
    }

    /**
     * Links to all files that the manifest of a finished job names, by which anybody can get them
     * from the store for a while.
     *
     * @param expiresIn seconds from now, at most 7 days; null: an hour
     * @throws IngestException INVALID, UNKNOWN, CONFLICT if there is no manifest, or UNAVAILABLE
     */
    public JobLinks links(String id, String expiresIn) {
        Duration validity = JobLinks.validity(expiresIn);
        requireManifest(id);
        return new JobLinks(store, id, validity, now());
    }

    /**
     * The files of a finished job in the order of its manifest, without those of single requests,
     * which are many: their pictures and what is told of them.
     *
     * @throws IngestException UNKNOWN, CONFLICT if there is no manifest, or UNAVAILABLE
     */
    public List<JobFile> jobFiles(String id) throws IOException {
        requireManifest(id);
        List<JobFile> files = new ArrayList<>();
        try (InputStream manifest = fromStore(() -> store.open(JobKeys.manifestKey(id)))) {
            JobManifest.read(
                    manifest,
                    file -> {
                        if (!file.name().startsWith(JobKeys.IMAGES)) {
                            files.add(file);
                        }
                    });
        }
        return files;
    }

    private void requireManifest(String id) {
        Job job = job(id);
        if (!fromStore(() -> store.exists(JobKeys.manifestKey(id)))) {
            throw IngestException.conflict(
                    "id",
                    "no_manifest",
                    "job '%s' is %s and has no manifest: a job has its files when it is finished"
                            .formatted(id, job.status().name().toLowerCase(Locale.ROOT)));
        }
    }

    // ---- jobs

    /**
     * A job that was made of a file of captions.
     *
     * @param unusedColumns of a table: those that are no options, so that nothing was made of them
     */
    public record Submitted(
            @JsonUnwrapped Job job, @JsonProperty("unused_columns") List<String> unusedColumns) {}

    /**
     * Takes all captions of a file, in any of {@link CaptionFormat}, as one job, or nothing.
     *
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @throws IngestException INVALID with the problems by line, TOO_LARGE, TOO_MANY, FULL or
     *     UNAVAILABLE
     * @throws IOException if the file cannot be read
     */
    public Submitted submit(CaptionUpload upload, String apiUrl) throws IOException {
        requireCaughtUp();
        SubmitParameters parameters = parametersNow(upload);
        disk.requireRoom();
        Path spooled = spool.newFile(".captions");
        Path lines = spool.newFile(".jsonl");
        try {
            Files.copy(upload.content(), spooled, StandardCopyOption.REPLACE_EXISTING);
            CaptionCheck check =
                    CaptionIntake.read(
                            spooled,
                            parameters.filename(),
                            upload.mediaType(),
                            parameters.defaults(),
                            pictureSize,
                            lines);
            requireGood(check);
            boolean isAsItCame =
                    check.format() == CaptionFormat.JSON_LINES && parameters.defaults().isEmpty();
            IdSource.Owned job = ids.newJob();
            backlog.admitJob(
                    job.id(),
                    check.candidates(),
                    () -> {
                        StoredFile file =
                                upload(UNNAMED_FILE, "batch", isAsItCame ? spooled : lines);
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
                                        null);
                        intake.publish(job.id(), created(job, request, null, apiUrl));
                    });
            startNow(job.id());
            return new Submitted(job(job.id()), check.unusedColumns());
        } finally {
            Files.deleteIfExists(spooled);
            Files.deleteIfExists(lines);
        }
    }

    /** With a schedule that a job of this moment can keep. */
    private SubmitParameters parametersNow(CaptionUpload upload) {
        SubmitParameters parameters = SubmitParameters.parse(upload.parameters());
        parameters.schedule().check(now(), now().plus(parameters.window()));
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
        requireCaughtUp();
        SubmitParameters parameters = parametersNow(upload);
        disk.requireRoom();
        Path spooled = spool.newFile(".captions");
        try {
            Files.copy(upload.content(), spooled, StandardCopyOption.REPLACE_EXISTING);
            return CaptionIntake.read(
                    spooled,
                    parameters.filename(),
                    upload.mediaType(),
                    parameters.defaults(),
                    pictureSize,
                    null);
        } finally {
            Files.deleteIfExists(spooled);
        }
    }

    /** It has been accepted; if it cannot be started now, the keeper does it later. */
    private void startNow(String id) throws IOException {
        try {
            intake.start(id);
        } catch (IngestException | StageException e) {
            LOG.warn("job {} not started yet: {}", id, e.getMessage());
        }
    }

    /**
     * @throws IngestException UNKNOWN, or UNAVAILABLE while the state is being rebuilt
     */
    public Job job(String id) {
        requireCaughtUp();
        return jobs.job(id, clock.instant())
                .orElseThrow(() -> absent(id, IngestException.unknownJob(id)));
    }

    /**
     * Deletes a finished job: at once nothing tells of it any more, and soon afterwards its objects
     * leave the bucket. A job that is deleted stays so.
     *
     * @throws IngestException UNKNOWN, CONFLICT while it is open or another job is made of its
     *     candidates, or UNAVAILABLE
     */
    public void deleteJob(String id) {
        requireCaughtUp();
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
        List<String> children = jobs.open(child -> child.replays(id));
        if (!children.isEmpty()) {
            throw IngestException.conflict(
                    "id",
                    "job_in_use",
                    "job '%s' is made of the candidates of '%s': wait for its end or cancel it"
                            .formatted(children.get(0), id));
        }
        intake.publish(id, new JobDeleted(false));
        LOG.info("job {} deleted", id);
    }

    /**
     * Latest first.
     *
     * @throws IngestException UNAVAILABLE while the state is being rebuilt
     */
    public List<Job> jobs() {
        return jobs(JobFilter.ALL, null, Integer.MAX_VALUE);
    }

    /**
     * Latest first.
     *
     * @param after id of the job before the first one; null: from the latest on
     * @throws IngestException UNKNOWN, or UNAVAILABLE while the state is being rebuilt
     */
    public List<Job> jobs(JobFilter filter, String after, int limit) {
        requireCaughtUp();
        return jobs.jobs(clock.instant(), filter, after, limit)
                .orElseThrow(() -> IngestException.unknownJob(after));
    }

    /** Takes the results of a job one by one. */
    public interface ResultReader {
        void read(RequestResult result) throws IOException;
    }

    /**
     * Reads the requests that have finished, in the order of the log.
     *
     * @throws IngestException UNKNOWN, or UNAVAILABLE while the state is being rebuilt or if the
     *     log cannot be read
     * @throws IOException the reader's
     */
    public void results(String id, ResultReader reader) throws IOException {
        job(id);
        results.read(
                id,
                jobs.ask(id, JobState::firstOffsets).orElseThrow(),
                event -> reader.read(RequestResult.of(event)));
    }

    /**
     * The requests that have finished and fit, the latest first.
     *
     * @param after id of the request before the first one; null: from the latest on
     * @throws IngestException UNKNOWN, or UNAVAILABLE while the state is being rebuilt or if the
     *     log cannot be read
     */
    public List<RequestResult> requests(
            String jobId, RequestFilter filter, String after, int limit) {
        requireCaughtUp();
        List<ResultIndex.Place> all =
                jobs.ask(jobId, JobState::results)
                        .orElseThrow(() -> absent(jobId, IngestException.unknownJob(jobId)))
                        .latestFirst();
        int start = 0;
        if (after != null) {
            List<String> ids =
                    all.stream().map(place -> RequestNumber.id(place.request())).toList();
            start = ids.indexOf(after) + 1;
            if (start == 0) {
                throw IngestException.unknown(
                        "after",
                        "unknown_request",
                        "request '%s' has no result in job '%s': leave after out to begin anew"
                                .formatted(Excerpt.of(after), jobId));
            }
        }
        List<ResultIndex.Place> rest =
                all.subList(start, all.size()).stream().filter(filter::matches).toList();
        List<RequestResult> page = new ArrayList<>();
        // without a text the first read is enough; with one, most of a chunk may not fit
        int chunk = filter.text() == null ? limit : Math.max(limit, SEARCH_CHUNK);
        for (int from = 0; from < rest.size() && page.size() < limit; from += chunk) {
            List<ResultIndex.Place> next = rest.subList(from, Math.min(from + chunk, rest.size()));
            results.read(jobId, next).stream()
                    .map(RequestResult::of)
                    .filter(filter::matches)
                    .limit(limit - page.size())
                    .forEach(page::add);
        }
        return page;
    }

    /**
     * @throws IngestException UNAVAILABLE if it could not be measured
     */
    public LagReport lag() {
        return lag.latest();
    }

    /** The measurements of the last hour. */
    public LagHistory.View lagHistory() {
        return lag.history();
    }

    /**
     * Tells {@code follower} of changes until it is no longer open: first the event {@code
     * snapshot}, then {@code jobs}, {@code partial-images}, {@code deleted} with ids of jobs,
     * {@code work}, {@code lag}, {@code lag-unknown} and {@code unavailable}.
     */
    public void follow(ChangeFeed.Follower follower) {
        feed.add(follower);
    }

    /**
     * @throws IngestException UNAVAILABLE while the state is being rebuilt
     */
    public DeadLetterLog deadLetters() {
        requireCaughtUp(); // a replay asks which job the letter belongs to
        return deadLetters;
    }

    private boolean isFromFile(String jobId) {
        return jobs.ask(jobId, job -> job.created() != null)
                .orElse(jobs.deletedAt(jobId).isPresent());
    }

    public WebhookEndpoints webhookEndpoints() {
        return webhookEndpoints;
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS); // as the record keeps it
    }

    private void requireCaughtUp() {
        if (!caughtUp) {
            throw IngestException.unavailable(outage(), null);
        }
    }

    private String outage() {
        return "the jobs are not known yet (%s): try again in a few seconds".formatted(message);
    }

    // ---- the log

    /** What is read from the log, and what is published here, as soon as it is confirmed. */
    private final class Listener implements JobLog.Listener {

        @Override
        public void read(JobSubmitted event) {
            jobs.add(event);
            feed.changed(event.getJobId());
        }

        @Override
        public void read(JobEvent event) {
            jobs.add(event);
            feed.changed(event.getJobId());
        }

        @Override
        public void read(RequestFinished event, int partition, long offset) {
            jobs.add(event, partition, offset);
            feed.changed(event.getRequest().getJobId());
            partialImages.finished(
                    event.getRequest().getJobId(), event.getRequest().getRequestId());
            CompletableFuture<RequestResult> waiter = waiting.get(event.getRequest().getJobId());
            if (waiter != null) {
                waiter.complete(RequestResult.of(event));
            }
        }

        @Override
        public void read(BundleDeployed event) {
            pictureSize = new PictureSize(event.getImageSize());
        }
    }

    /** Waits until everything has been read that is in the log by now. */
    private void catchUp() {
        JobLog open = log;
        try {
            if (open == null) {
                throw new TimeoutException(message);
            }
            open.caughtUp().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw IngestException.unavailable(
                    "the job log cannot be read (%s): try again later".formatted(e.getMessage()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw IngestException.unavailable("closing", e);
        }
    }

    /** On its own thread, until {@link #close}: whatever is away may come back. */
    private void followLog() {
        try {
            Optional<Webhooks> webhooks = openWebhooks();
            store = openStore.get();
            files = new FileStore(store, spool);
            storedResults = new StoredResults(store);
            intake =
                    new Intake(
                            jobs,
                            files,
                            backlog,
                            publisher,
                            this::catchUp,
                            new Listener(),
                            () -> pictureSize,
                            clock);
            background = backgroundTasks(webhooks);
            do {
                try {
                    TopicAdmin.createMissing(kafka);
                    // not before: Kafka 4.4 asks for a group without a pause until its topic is
                    // there, which takes a processor from the brokers that make topics
                    lag.start();
                    store.hasBucket(); // waits for the store; the watch sees to the bucket
                    replayAndFollow();
                } catch (TransientException | RetriableException e) {
                    caughtUp = false;
                    message = e.getMessage();
                    LOG.warn("waiting: {}", message);
                }
            } while (!closed.await(RETRY.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) { // of any kind: without this thread nothing goes on
            if (closed.getCount() > 0) {
                fail(e);
            }
        } finally {
            caughtUp = false;
        }
    }

    /** Empty if there is no address to post to. */
    private Optional<Webhooks> openWebhooks() {
        return webhookSettings.areNone()
                ? Optional.empty()
                : Optional.of(
                        new Webhooks(webhookSettings, kafka, jobs, this::catchUp, meters, clock));
    }

    /** In the order of their start: first there is a bucket. */
    private List<BackgroundTask> backgroundTasks(Optional<Webhooks> webhooks) {
        Runnable catchUp = this::catchUp;
        RequestSender sender = new RequestSender(new Replays(storedResults));
        List<BackgroundTask> tasks = new ArrayList<>();
        tasks.add(new BucketWatch(store, jobs, intake::fail, clock, BucketWatch.Timing.DEFAULT));
        tasks.add(new JobKeeper(jobs, intake, new JobFiles(store, files, results, spool), clock));
        tasks.add(new Dispatcher(jobs, files, sender, intake::fail, publisher, catchUp, clock));
        tasks.add(new Housekeeper(jobs, files, store, intake, limits.fileRetention(), clock));
        tasks.add(
                new LostRequests(
                        jobs, files, sender, intake::fail, publisher, catchUp, lag, clock));
        tasks.add(new TopicWatch(kafka));
        webhooks.ifPresent(tasks::add);
        return List.copyOf(tasks);
    }

    private void replayAndFollow() {
        try (JobLog opened = new JobLog(kafka, new Listener(), skippedRecords)) {
            log = opened;
            if (closed.getCount() == 0) {
                return;
            }
            message = "reading the job log";
            opened.follow(
                    this::tell,
                    () -> {
                        message = "following the job log";
                        background.forEach(BackgroundTask::start);
                        caughtUp = true;
                    });
        } finally {
            log = null;
        }
    }

    private void tell(JobLog.Progress progress) {
        message = progress.toString();
        boolean isDue = System.nanoTime() - toldNanos > TELL.toNanos();
        if (isDue || progress.read() == progress.total()) {
            toldNanos = System.nanoTime();
            LOG.info("ING-13 {}", message);
        }
    }

    private void fail(Throwable reason) {
        caughtUp = false;
        Throwable root = reason;
        while (root instanceof KafkaException && root.getCause() != null) {
            root = root.getCause(); // the innermost message says most
        }
        message = root.getMessage() == null ? root.toString() : root.getMessage();
        LOG.error("ingest stopped: {}", message);
        failure.complete(
                reason instanceof FatalException fatal
                        ? fatal
                        : new FatalException(message, reason));
    }

    @Override
    public Health health() {
        List<Health> parts = new ArrayList<>();
        parts.add(new Health(!failure.isDone(), caughtUp, "ingest: " + message));
        parts.add(disk.health());
        parts.add(jsonCaptions.health());
        parts.add(lag.health());
        background.forEach(task -> parts.add(task.health()));
        parts.add(new Health(true, true, jobs.problems())); // of some jobs: the others go on
        return Health.all(parts);
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return failure;
    }

    @Override
    public void close() {
        closed.countDown();
        feed.close();
        partialImages.close();
        jsonCaptions.close();
        background.forEach(BackgroundTask::close);
        storeReaders.shutdownNow();
        JobLog open = log;
        if (open != null) {
            open.stop();
        } else {
            logThread.interrupt(); // waiting for Kafka or the store
        }
        try {
            logThread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        lag.close();
        deadLetters.close();
        publisher.close();
    }
}
