package dev.nocturne.ingest.archive;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.caption.CaptionJson.AnswerFormat;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.runtime.Answers;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.Sha256;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A job's files as they are written to this machine's disk while its requests come by in their
 * order; shards go on into the bucket as soon as they are full.
 */
final class LocalFiles implements StoredRequests.Visitor, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LocalFiles.class);

    private final JobFiles.Content content;
    private final List<Path> lineFiles;
    private final Path objects;
    private final Set<String> shards = new HashSet<>();
    private final OutputStream output;
    private final OutputStream errors;
    private final OutputStream candidates;
    private final OutputStream results;
    private final OutputStream entries;
    private final ContactPages pages;
    private final WebDataset dataset;

    /**
     * @param pictures that will come by
     */
    LocalFiles(
            JobFiles.Content content, Path folder, ObjectStore store, WebDataset.Pictures pictures)
            throws IOException {
        this.content = content;
        lineFiles =
                List.of(
                        folder.resolve("output.jsonl"),
                        folder.resolve("errors.jsonl"),
                        folder.resolve("candidates.jsonl"),
                        folder.resolve(ResultLines.NAME));
        objects = folder.resolve("objects");
        output = ArchiveJson.stream(lineFiles.get(0));
        errors = ArchiveJson.stream(lineFiles.get(1));
        candidates = ArchiveJson.stream(lineFiles.get(2));
        results = ArchiveJson.stream(lineFiles.get(3));
        entries = ArchiveJson.stream(objects);
        pages = pages(content, folder);
        dataset =
                new WebDataset(
                        store,
                        content.jobId(),
                        folder,
                        content.closing().getFinishedAt(),
                        WebDataset.LIMITS,
                        pictures,
                        shard -> {
                            shards.add(shard.name());
                            ArchiveJson.writeLine(entries, shard);
                        });
    }

    private static ContactPages pages(JobFiles.Content content, Path folder) throws IOException {
        JobClosed closing = content.closing();
        String summary =
                ContactPages.summary(
                        content.finished(),
                        closing.getCompleted(),
                        closing.getFailed(),
                        closing.getCancelled() + closing.getExpired());
        return new ContactPages(folder, content.jobId(), content.finished(), summary);
    }

    void writeResults(ResultSpool read) throws IOException {
        ResultLines.write(read, results);
    }

    @Override
    public void visit(
            RequestFinished event,
            AnswerFormat format,
            byte[] stored,
            Function<ResultFile.Image, byte[]> pictures)
            throws IOException {
        RequestResult result = RequestResult.of(event);
        boolean completed = result.status() == RequestResult.Status.COMPLETED;
        ArchiveJson.writeLine(
                completed ? output : errors,
                Answers.line(
                        result,
                        content.jobId(),
                        content.apiUrl(),
                        format == AnswerFormat.B64_JSON ? pictures : image -> null));
        pages.add(result);
        for (JobFile entry : entries(content.jobId(), result, stored)) {
            ArchiveJson.writeLine(entries, entry);
        }
        ResultFile kept = readable(result, content.jobId(), stored);
        if (kept != null) {
            CandidateLines.write(kept, candidates);
        }
        if (content.webdataset()) {
            dataset.add(result, kept, pictures);
        }
    }

    /**
     * What the manifest lists of a request: its pictures, and {@code result.json}.
     *
     * @param stored {@code result.json}; null if there is none
     */
    static List<JobFile> entries(String jobId, RequestResult result, byte[] stored) {
        List<JobFile> entries = new ArrayList<>();
        for (ResultFile.Image image : result.images()) {
            entries.add(
                    new JobFile(JobKeys.name(jobId, image.key()), image.bytes(), image.sha256()));
        }
        if (stored != null) {
            String key = ResultFile.key(jobId, result.requestId());
            entries.add(new JobFile(JobKeys.name(jobId, key), stored.length, Sha256.hex(stored)));
        }
        return entries;
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

    /** When all requests have come by. */
    void finish() throws IOException {
        dataset.finish();
    }

    @Override
    public void close() throws IOException {
        try (pages;
                output;
                errors;
                candidates;
                results;
                entries;
                dataset) {
            // all of them, whatever the others throw
        }
    }

    /** Of those that are closed: what is not empty, in the order of the manifest. */
    List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path lines : lineFiles) {
            if (Files.size(lines) > 0) {
                files.add(lines);
            }
        }
        files.addAll(pages.files());
        return files;
    }

    /** Names of all shards. */
    Set<String> shards() {
        return shards;
    }

    /** A {@link JobFile} a line of what is in the bucket already. */
    Path objects() {
        return objects;
    }
}
