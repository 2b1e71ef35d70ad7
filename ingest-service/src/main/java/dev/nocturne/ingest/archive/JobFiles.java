package dev.nocturne.ingest.archive;

import com.fasterxml.jackson.databind.MappingIterator;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.ResultIndex;
import dev.nocturne.ingest.result.ResultLog;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.schemas.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The files of a finished job, in {@code jobs/<job>/}: {@code input.jsonl}, {@code output.jsonl},
 * {@code errors.jsonl}, {@code candidates.jsonl}, {@link ResultLines}, the pages of {@link
 * ContactPages}, the shards of {@link WebDataset} where they are wanted, and last the manifest,
 * whose presence in the bucket says that the job is complete.
 *
 * <p>All but the results in the order of the input file; of a job that came through Kafka, which
 * has none, in the order of the log. Made of the log and the bucket alone, so that whoever writes
 * them writes the same bytes. Memory holds some results and pictures at a time.
 */
public final class JobFiles {

    /**
     * The most requests of a small job: its files take little time, as its results are read one by
     * one, whatever is between them in the log.
     */
    private static final int SMALL = 1_000;

    /**
     * What the files say.
     *
     * @param created null for a job that came through Kafka
     * @param total its requests
     * @param counted ids of its requests, as numbers; empty for a job with a file, which has them
     * @param firstOffsets where its results begin, see {@link ResultLog}
     * @param places where each of them is; null if they are many
     */
    public record Content(
            String jobId,
            JobCreated created,
            Instant submittedAt,
            JobClosed closing,
            int total,
            Set<Long> counted,
            Map<Integer, Long> firstOffsets,
            ResultIndex places) {

        public static Content of(JobState job) {
            return new Content(
                    job.id(),
                    job.created(),
                    job.submittedAt(),
                    job.closing(),
                    job.total(),
                    job.created() == null ? job.finished() : Set.of(),
                    job.firstOffsets(),
                    isSmall(job.total()) ? job.results() : null);
        }

        /** Whether the pictures are packed into archives, too. */
        boolean webdataset() {
            return created != null && created.getWebdataset();
        }

        /** Where readers reach the API, or {@code /} for a job that came through Kafka. */
        String apiUrl() {
            return created == null ? "/" : created.getApiUrl();
        }

        /** Requests with a result. */
        int finished() {
            return closing.getCompleted()
                    + closing.getFailed()
                    + closing.getCancelled()
                    + closing.getExpired();
        }
    }

    /**
     * Whether the files of a job take little time.
     *
     * @param total its requests
     */
    public static boolean isSmall(int total) {
        return total <= SMALL;
    }

    private final ObjectStore store;
    private final FileStore files;
    private final ResultLog results;
    private final SpoolFolder spool;
    private final Runnable barrier;
    private final StoredRequests requests;

    /**
     * @param barrier returns if this process may still close jobs, or else throws; before it nobody
     *     sees, and nobody loses, what is written
     */
    public JobFiles(
            ObjectStore store,
            FileStore files,
            ResultLog results,
            SpoolFolder spool,
            Runnable barrier) {
        this.store = store;
        this.files = files;
        this.results = results;
        this.spool = spool;
        this.barrier = barrier;
        this.requests = new StoredRequests(store);
    }

    private interface Writing {
        void writeIn(Path folder) throws IOException;
    }

    private void inFolder(Writing writing) throws IOException {
        Path folder = spool.newFolder();
        try {
            writing.writeIn(folder);
        } finally {
            try (DirectoryStream<Path> written = Files.newDirectoryStream(folder)) {
                for (Path file : written) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    /** Puts them into the bucket, the manifest last; nothing if it is there already. */
    public void write(Content content) throws IOException {
        if (!store.exists(JobKeys.manifestKey(content.jobId()))) {
            inFolder(folder -> write(content, folder));
        }
    }

    /**
     * Puts {@link ResultLines} of a job into the bucket that has none, as an older version has
     * closed it; the log must still have its results.
     */
    public void ensureResults(Content content) throws IOException {
        String key = JobKeys.key(content.jobId(), ResultLines.NAME);
        if (store.exists(key)) {
            return;
        }
        inFolder(
                folder -> {
                    Path lines = folder.resolve(ResultLines.NAME);
                    try (ResultSpool read = read(content, folder);
                            OutputStream out = ArchiveJson.stream(lines)) {
                        ResultLines.write(read, out);
                    }
                    store.put(key, lines, "application/jsonl");
                });
    }

    private ResultSpool read(Content content, Path folder) throws IOException {
        ResultSpool read = new ResultSpool(folder.resolve("results"));
        try {
            if (content.places() == null) {
                results.read(content.jobId(), content.firstOffsets(), read::add);
            } else {
                for (RequestFinished result :
                        results.read(content.jobId(), content.places().inLogOrder())) {
                    read.add(result);
                }
            }
            return read;
        } catch (IOException | RuntimeException e) {
            read.close();
            throw e;
        }
    }

    private void write(Content content, Path folder) throws IOException {
        List<Path> written = new ArrayList<>();
        Path input = folder.resolve("input.jsonl");
        if (content.created() != null) {
            copyInput(content, input);
            written.add(input);
        }
        LocalFiles local;
        try (ResultSpool read = read(content, folder)) {
            List<RequestOrder.OrderedRequest> order = RequestOrder.of(content, input, read);
            try (LocalFiles open = new LocalFiles(content, folder, store, read.pictures())) {
                open.writeResults(read);
                requests.visit(order, read, content.webdataset(), open);
                open.finish();
                local = open;
            }
        }
        written.addAll(local.files());
        Path manifest = folder.resolve("manifest.json");
        writeManifest(content, written, local.objects(), manifest);
        for (Path file : written) {
            put(content, file);
        }
        barrier.run();
        if (content.webdataset()) { // of an attempt that was cut off, which made more
            store.list(WebDataset.prefix(content.jobId())).stream()
                    .filter(key -> !local.shards().contains(JobKeys.name(content.jobId(), key)))
                    .forEach(store::delete);
        }
        store.put(JobKeys.manifestKey(content.jobId()), manifest, "application/json");
    }

    /** As it came, but not gzipped. */
    private void copyInput(Content content, Path input) throws IOException {
        StoredFile file = files.require(content.created().getInputFileId());
        try (InputStream in = JobParser.plain(files.open(file))) {
            Files.copy(in, input);
        }
    }

    private static void writeManifest(
            Content content, List<Path> written, Path objects, Path manifest) throws IOException {
        try (MappingIterator<JobFile> entries =
                ArchiveJson.MAPPER.readerFor(JobFile.class).readValues(objects.toFile())) {
            ManifestWriter.write(
                    content,
                    files -> {
                        for (Path file : written) {
                            files.read(
                                    new JobFile(
                                            file.getFileName().toString(),
                                            Files.size(file),
                                            sha256(file)));
                        }
                        while (entries.hasNext()) {
                            files.read(entries.next());
                        }
                    },
                    ArchiveJson.stream(manifest));
        }
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest = Sha256.newDigest();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
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
            store.put(key, file, MediaTypes.of(name));
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
