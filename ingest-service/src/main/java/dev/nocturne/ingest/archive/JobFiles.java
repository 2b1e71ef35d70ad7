package dev.nocturne.ingest.archive;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.ingest.caption.CaptionJson.AnswerFormat;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.result.ResultLog;
import dev.nocturne.runtime.Answers;
import dev.nocturne.runtime.Backoff;
import dev.nocturne.runtime.LineJson;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.SeedJson;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Sha256;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a finished job, in {@code jobs/<job>/}: {@code input.jsonl}, {@code output.jsonl},
 * {@code errors.jsonl}, {@code candidates.jsonl}, the pages of {@link ContactPages}, the shards of
 * {@link WebDataset} where they are wanted, and last the manifest, whose presence in the bucket
 * says that the job is complete.
 *
 * <p>All in the order of the input file; of a job that came through Kafka, which has none, in the
 * order of the log. Made of the log and the bucket alone, so that writing them again writes the
 * same bytes. Memory holds some results and pictures at a time.
 */
public final class JobFiles {

    private static final Logger LOG = LoggerFactory.getLogger(JobFiles.class);

    private static final JsonMapper JSON =
            JsonMapper.builder(LineJson.factory())
                    .addModule(new JavaTimeModule())
                    .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                    .disable(SerializationFeature.FLUSH_AFTER_WRITE_VALUE)
                    .build();

    /**
     * What the files say.
     *
     * @param created null for a job that came through Kafka
     * @param total its requests
     * @param counted ids of its requests, as numbers; empty for a job with a file, which has them
     * @param firstOffsets where its results are, see {@link ResultLog}
     */
    public record Content(
            String jobId,
            JobCreated created,
            Instant submittedAt,
            JobClosed closing,
            int total,
            Set<Long> counted,
            Map<Integer, Long> firstOffsets) {

        /** Whether the pictures are packed into archives, too. */
        boolean webdataset() {
            return created != null && created.getWebdataset();
        }

        public static Content of(JobState job) {
            return new Content(
                    job.id(),
                    job.created(),
                    job.submittedAt(),
                    job.closing(),
                    job.total(),
                    job.created() == null ? job.finished() : Set.of(),
                    job.firstOffsets());
        }
    }

    /** Objects that are fetched from the bucket ahead of the line that is written. */
    private static final int FETCHED_AHEAD = 16;

    /** A store that is busy for a moment shall not cost what is fetched so far. */
    static final Backoff BUSY_STORE = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(4), 5);

    private final ObjectStore store;
    private final FileStore files;
    private final ResultLog results;
    private final SpoolFolder spool;

    /** A line of {@code candidates.jsonl}. */
    @JsonNaming(SnakeCaseStrategy.class)
    record CandidateLine(
            String requestId,
            String customId,
            int rank,
            int candidate,
            @JsonSerialize(using = SeedJson.class) long seed,
            float score,
            double logProbability,
            int gridHeight,
            int gridWidth,
            byte[] tokens) {}

    /** A request whose turn it is, and how its answer shows the pictures. */
    private record Turn(String requestId, AnswerFormat format) {}

    /**
     * A result, and what of it is in the bucket; null for what is not there.
     *
     * @param stored {@code result.json}
     * @param pictures by key; empty if nobody wants them
     */
    private record Fetched(
            Turn turn,
            RequestFinished result,
            Future<byte[]> stored,
            Map<String, Future<byte[]>> pictures) {

        int objects() {
            return 1 + pictures.size();
        }
    }

    private interface Visitor {
        /**
         * @param stored null if there is none
         * @param pictures the bytes of each that was fetched; null if it was not, or is not there
         */
        void visit(
                RequestFinished result,
                AnswerFormat format,
                byte[] stored,
                Function<ResultFile.Image, byte[]> pictures)
                throws IOException;
    }

    public JobFiles(ObjectStore store, FileStore files, ResultLog results, SpoolFolder spool) {
        this.store = store;
        this.files = files;
        this.results = results;
        this.spool = spool;
    }

    /** Puts them into the bucket, the manifest last; nothing if it is there already. */
    public void write(Content content) throws IOException {
        if (store.exists(JobKeys.manifestKey(content.jobId()))) {
            return;
        }
        Path folder = spool.newFolder();
        try {
            write(content, folder);
        } finally {
            try (DirectoryStream<Path> written = Files.newDirectoryStream(folder)) {
                for (Path file : written) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    private void write(Content content, Path folder) throws IOException {
        List<Path> files = new ArrayList<>();
        Path input = folder.resolve("input.jsonl");
        Path output = folder.resolve("output.jsonl");
        Path errors = folder.resolve("errors.jsonl");
        Path candidates = folder.resolve("candidates.jsonl");
        Path objects = folder.resolve("objects"); // manifest entries of what is there already
        if (content.created() != null) {
            copyInput(content, input);
            files.add(input);
        }
        JobClosed closing = content.closing();
        int total = total(closing);
        String summary =
                ContactPages.summary(
                        total,
                        closing.getCompleted(),
                        closing.getFailed(),
                        closing.getCancelled() + closing.getExpired());
        ContactPages pages = new ContactPages(folder, content.jobId(), total, summary);
        if (content.webdataset()) { // of an attempt that was cut off: this one may make fewer
            store.list(WebDataset.prefix(content.jobId())).forEach(store::delete);
        }
        try (ResultSpool spool = new ResultSpool(folder.resolve("results"))) {
            results.read(content.jobId(), content.firstOffsets(), spool::add);
            List<Turn> order = order(content, input, spool);
            requireAllLines(content, order);
            requireAll(content, order, spool);
            try (pages;
                    OutputStream outputLines = stream(output);
                    OutputStream errorLines = stream(errors);
                    OutputStream candidateLines = stream(candidates);
                    OutputStream entries = stream(objects);
                    WebDataset dataset =
                            new WebDataset(
                                    store,
                                    content.jobId(),
                                    folder,
                                    closing.getFinishedAt(),
                                    WebDataset.LIMITS,
                                    spool.pictures(),
                                    shard -> writeLine(entries, shard))) {
                visit(
                        order,
                        spool,
                        content.webdataset(),
                        (event, format, stored, pictures) -> {
                            RequestResult result = RequestResult.of(event);
                            boolean completed = result.status() == RequestResult.Status.COMPLETED;
                            writeLine(
                                    completed ? outputLines : errorLines,
                                    Answers.line(
                                            result,
                                            content.jobId(),
                                            apiUrl(content),
                                            format == AnswerFormat.B64_JSON
                                                    ? pictures
                                                    : image -> null));
                            pages.add(result);
                            writeEntries(content.jobId(), result, stored, entries);
                            ResultFile kept = readable(result, content.jobId(), stored);
                            if (kept != null) {
                                writeCandidates(kept, candidateLines);
                            }
                            if (content.webdataset()) {
                                dataset.add(result, kept == null ? null : kept.model(), pictures);
                            }
                        });
                dataset.finish();
            }
        }
        for (Path lines : List.of(output, errors, candidates)) {
            if (Files.size(lines) > 0) {
                files.add(lines);
            }
        }
        files.addAll(pages.files());
        Path manifest = folder.resolve("manifest.json");
        writeManifest(content, total, files, objects, manifest);
        for (Path file : files) {
            put(content, file);
        }
        store.put(JobKeys.manifestKey(content.jobId()), manifest, "application/json");
    }

    private static int total(JobClosed closing) {
        return closing.getCompleted()
                + closing.getFailed()
                + closing.getCancelled()
                + closing.getExpired();
    }

    /** Each of the job's requests has a result, and as many of each kind as were counted. */
    private static void requireAll(Content content, List<Turn> order, ResultSpool spool) {
        Map<Long, RequestStatus> results = new HashMap<>();
        Set<Long> foreign = new HashSet<>();
        spool.statuses().forEach((id, status) -> foreign.add(RequestNumber.of(id)));
        for (Turn turn : order) {
            RequestStatus status = spool.statuses().get(turn.requestId());
            foreign.remove(RequestNumber.of(turn.requestId()));
            if (status != null) {
                results.put(RequestNumber.of(turn.requestId()), status);
            }
        }
        JobClosed counted = content.closing();
        boolean isRight =
                results.size() == order.size()
                        && count(results, RequestStatus.COMPLETED) == counted.getCompleted()
                        && count(results, RequestStatus.FAILED) == counted.getFailed()
                        && count(results, RequestStatus.CANCELLED) == counted.getCancelled()
                        && count(results, RequestStatus.EXPIRED) == counted.getExpired();
        if (!isRight) {
            throw new MiscountException(
                    "%d results were counted, the log has %d of its %d requests, and %d of others: counted anew"
                            .formatted(
                                    total(counted), results.size(), order.size(), foreign.size()),
                    results,
                    foreign);
        }
    }

    private static long count(Map<Long, RequestStatus> results, RequestStatus status) {
        return results.values().stream().filter(status::equals).count();
    }

    /** A line that is missing would be lost without a word. */
    private static void requireAllLines(Content content, List<Turn> order) throws IOException {
        long lines = order.stream().map(Turn::requestId).distinct().count();
        if (content.created() != null && lines != content.total()) {
            throw new IOException(
                    "lines of file %s: %d, requests of job %s: %d; the file is not as it was uploaded"
                            .formatted(
                                    content.created().getInputFileId(),
                                    lines,
                                    content.jobId(),
                                    content.total()));
        }
    }

    /** As it came, but not gzipped. */
    private void copyInput(Content content, Path input) throws IOException {
        StoredFile file = files.require(content.created().getInputFileId());
        try (InputStream in = JobParser.plain(files.open(file))) {
            Files.copy(in, input);
        }
    }

    private static List<Turn> order(Content content, Path input, ResultSpool spool)
            throws IOException {
        if (content.created() == null) {
            return spool.statuses().keySet().stream()
                    .filter(id -> content.counted().contains(RequestNumber.of(id)))
                    .limit(content.total())
                    .map(id -> new Turn(id, AnswerFormat.URL))
                    .toList();
        }
        List<Turn> turns = new ArrayList<>();
        try (InputStream in = Files.newInputStream(input)) {
            JobParser parser = new JobParser(in, content.jobId(), Instant.EPOCH);
            for (JobParser.Line line = parser.next(); line != null; line = parser.next()) {
                // a line that was bad to the version that started the job may be good to this one,
                // and the other way round
                String bad = JobParser.badRequestId(content.jobId(), line.number());
                String good = Ids.requestId(content.jobId(), line.customId());
                turns.add(
                        spool.statuses().containsKey(bad)
                                ? new Turn(bad, AnswerFormat.URL)
                                : new Turn(good, line.format()));
            }
        }
        return turns;
    }

    /** With so many requests under way that the store's latency does not add up. */
    private void visit(List<Turn> order, ResultSpool spool, boolean withPictures, Visitor visitor)
            throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(FETCHED_AHEAD);
        Deque<Fetched> ahead = new ArrayDeque<>();
        int objects = 0;
        try {
            for (Turn turn : order) {
                ahead.add(fetch(turn, spool.get(turn.requestId()), withPictures, threads));
                objects += ahead.getLast().objects();
                while (objects >= FETCHED_AHEAD) {
                    objects -= ahead.element().objects();
                    visit(ahead.remove(), visitor);
                }
            }
            while (!ahead.isEmpty()) {
                visit(ahead.remove(), visitor);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private Fetched fetch(
            Turn turn, RequestFinished result, boolean withPictures, ExecutorService threads) {
        Map<String, Future<byte[]>> pictures = new HashMap<>();
        if (withPictures || turn.format() == AnswerFormat.B64_JSON) {
            for (StoredImage image : result.getImages()) {
                pictures.put(image.getKey(), threads.submit(() -> find(image.getKey())));
            }
        }
        return new Fetched(turn, result, threads.submit(() -> stored(result)), pictures);
    }

    private static void visit(Fetched fetched, Visitor visitor) throws IOException {
        Map<String, byte[]> pictures = new HashMap<>();
        for (var picture : fetched.pictures.entrySet()) {
            pictures.put(picture.getKey(), got(picture.getValue()));
        }
        visitor.visit(
                fetched.result,
                fetched.turn.format(),
                got(fetched.stored),
                image -> pictures.get(image.key()));
    }

    private static byte[] got(Future<byte[]> object) throws IOException {
        try {
            return object.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("closing");
        }
    }

    /** Null if there is none, as of a request that failed. */
    private byte[] stored(RequestFinished result) throws InterruptedException {
        if (result.getStatus() != RequestStatus.COMPLETED) {
            return null;
        }
        RequestRef request = result.getRequest();
        return find(ResultFile.key(request.getJobId(), request.getRequestId()));
    }

    /** Null if somebody has deleted it. */
    private byte[] find(String key) throws InterruptedException {
        return BUSY_STORE.retry(() -> store.find(key)).orElse(null);
    }

    private static void writeEntries(
            String jobId, RequestResult result, byte[] stored, OutputStream entries)
            throws IOException {
        int prefix = JobKeys.key(jobId, "").length();
        for (ResultFile.Image image : result.images()) {
            writeLine(
                    entries,
                    new JobFile(image.key().substring(prefix), image.bytes(), image.sha256()));
        }
        if (stored != null) {
            String name = ResultFile.key(jobId, result.requestId()).substring(prefix);
            writeLine(entries, new JobFile(name, stored.length, Sha256.hex(stored)));
        }
    }

    /** Null also if it is broken: it will be the next time, too, and the job shall end. */
    private static ResultFile readable(RequestResult result, String jobId, byte[] stored) {
        try {
            return stored == null ? null : ResultFile.parse(stored);
        } catch (IOException e) {
            LOG.warn(
                    "{} cannot be read, its candidates are left out: {}",
                    ResultFile.key(jobId, result.requestId()),
                    e.getMessage().lines().findFirst().orElse(""));
            return null;
        }
    }

    private static void writeCandidates(ResultFile result, OutputStream lines) throws IOException {
        for (ResultFile.Candidate candidate : result.ranking()) {
            writeLine(
                    lines,
                    new CandidateLine(
                            result.requestId(),
                            result.customId(),
                            candidate.rank(),
                            candidate.candidate(),
                            candidate.seed(),
                            candidate.score(),
                            candidate.logProbability(),
                            result.gridHeight(),
                            result.gridWidth(),
                            candidate.tokens()));
        }
    }

    /** Of a job that came through Kafka nobody knows by what address its readers know the API. */
    private static String apiUrl(Content content) {
        return content.created() == null ? "/" : content.created().getApiUrl();
    }

    private static void writeManifest(
            Content content, int total, List<Path> files, Path objects, Path manifest)
            throws IOException {
        JobClosed closing = content.closing();
        try (JsonGenerator json = JSON.createGenerator(stream(manifest));
                MappingIterator<JobFile> entries =
                        JSON.readerFor(JobFile.class).readValues(objects.toFile())) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeStringField("id", content.jobId());
            json.writeNumberField("total", total);
            json.writeNumberField("completed", closing.getCompleted());
            json.writeNumberField("failed", closing.getFailed());
            json.writeNumberField("cancelled", closing.getCancelled());
            json.writeNumberField("expired", closing.getExpired());
            json.writePOJOField("submitted_at", content.submittedAt());
            json.writePOJOField("finished_at", closing.getFinishedAt());
            json.writeArrayFieldStart("files");
            for (Path file : files) {
                json.writePOJO(
                        new JobFile(file.getFileName().toString(), Files.size(file), sha256(file)));
            }
            while (entries.hasNext()) {
                json.writePOJO(entries.next());
            }
            json.writeEndArray();
            json.writeEndObject();
        }
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest = Sha256.newDigest();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void writeLine(OutputStream lines, Object value) throws IOException {
        lines.write(JSON.writeValueAsBytes(value));
        lines.write('\n');
    }

    private static OutputStream stream(Path file) throws IOException {
        return new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
    }

    /** The answers of a batch are files of the API, too. */
    private void put(Content content, Path file) throws IOException {
        String name = file.getFileName().toString();
        String key = JobKeys.key(content.jobId(), name);
        if (content.created() != null && name.equals("output.jsonl")) {
            put(content, JobKeys.outputFileId(content.jobId()), key, file);
        } else if (content.created() != null && name.equals("errors.jsonl")) {
            put(content, JobKeys.errorFileId(content.jobId()), key, file);
        } else {
            store.put(
                    key,
                    file,
                    name.endsWith(".html") ? "text/html; charset=utf-8" : "application/jsonl");
        }
    }

    private void put(Content content, String fileId, String key, Path file) throws IOException {
        long created = content.closing().getFinishedAt().getEpochSecond();
        Long expiresAfter = content.created().getOutputExpiresAfterSeconds();
        files.put(
                new StoredFile(
                        fileId,
                        Files.size(file),
                        created,
                        expiresAfter == null ? null : created + expiresAfter,
                        "%s-%s".formatted(content.jobId(), file.getFileName()),
                        "batch_output",
                        key),
                file);
    }
}
