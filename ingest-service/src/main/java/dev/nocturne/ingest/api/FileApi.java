package dev.nocturne.ingest.api;

import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.JsonLines;
import dev.nocturne.ingest.file.DiskSpace;
import dev.nocturne.ingest.file.ExpiresAfter;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoreAccess;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.file.StoredObject;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.schemas.PlainText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Files of captions and of answers: keep, list, read, delete. Thread-safe. */
public final class FileApi {

    static final String UNNAMED = "captions.jsonl";

    private final FileStore files;
    private final JobTable jobs;
    private final DiskSpace disk;
    private final IdSource ids;
    private final Clock clock;

    public FileApi(FileStore files, JobTable jobs, DiskSpace disk, IdSource ids, Clock clock) {
        this.files = files;
        this.jobs = jobs;
        this.disk = disk;
        this.ids = ids;
        this.clock = clock;
    }

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
        String name = filename == null || filename.isBlank() ? UNNAMED : filename;
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
        return StoreAccess.ask(
                () -> {
                    files.put(file, content);
                    return file;
                });
    }

    /**
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public StoredFile file(String id) {
        return find(id).orElseThrow(() -> IngestException.unknownFile(id));
    }

    /** An expired file is gone, though its objects may still be there. */
    Optional<StoredFile> find(String id) {
        return StoreAccess.ask(() -> files.find(id))
                .filter(file -> !file.isExpired(clock.instant()));
    }

    /**
     * Latest first, or the other way round.
     *
     * @param after id of the file before the first one; null: from the first on
     * @param purpose null: any
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public List<StoredFile> files(boolean oldestFirst, String after, int limit, String purpose) {
        List<String> ids = new ArrayList<>(StoreAccess.ask(files::ids));
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
        return StoreAccess.ask(() -> files.content(file))
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
        StoreAccess.ask(
                () -> {
                    files.delete(file);
                    return null;
                });
    }
}
