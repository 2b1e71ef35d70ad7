package dev.nocturne.ingest.file;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.StageException;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.schemas.ReasonCodes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files in the bucket: {@code files/<id>/file.json} says what a file is and where its bytes are. It
 * is written last, so a file is there whole or not at all.
 */
public final class FileStore {

    private static final String FOLDER = "files/";
    private static final String ID_PREFIX = "file-";
    private static final String DESCRIPTION = "/file.json";

    /** An empty object whose name says when the file expires, so that a listing tells it. */
    private static final Pattern EXPIRY = Pattern.compile("files/([^/]+)/expires-at-(\\d{1,12})");

    /** What may stand in an object key; also of ids that nobody has given out. */
    private static final Pattern ID = Pattern.compile("file-[A-Za-z0-9._-]{1,160}");

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .build();

    private final ObjectStore store;
    private final SpoolFolder spool;

    public FileStore(ObjectStore store, SpoolFolder spool) {
        this.store = store;
        this.spool = spool;
    }

    public static String contentKey(String id) {
        return FOLDER + id + "/content";
    }

    private static String descriptionKey(String id) {
        return FOLDER + id + DESCRIPTION;
    }

    private static String expiryKey(StoredFile file) {
        return "%s%s/expires-at-%d".formatted(FOLDER, file.id(), file.expiresAt());
    }

    public static boolean isId(String id) {
        return ID.matcher(id).matches();
    }

    /** Puts the content where the file says, then the file; or nothing. */
    public void put(StoredFile file, Path content) {
        store.put(file.key(), content, "application/jsonl");
        try {
            if (file.expiresAt() != null) {
                store.put(expiryKey(file), new byte[0], "text/plain");
            }
            store.put(descriptionKey(file.id()), JSON.writeValueAsBytes(file), "application/json");
        } catch (JsonProcessingException e) {
            throw new AssertionError("a record of plain values is always JSON", e);
        } catch (StageException e) {
            deleteContent(file, e);
            throw e;
        }
    }

    /** Of a file that is not there; if the store does not do that either, {@code e} tells it. */
    private void deleteContent(StoredFile file, StageException e) {
        try {
            deleteParts(file);
        } catch (StageException left) {
            e.addSuppressed(left);
        }
    }

    /** The answers of a batch are files of its job, and stay with it. */
    private static boolean isOwn(StoredFile file) {
        return file.key().equals(contentKey(file.id()));
    }

    public Optional<StoredFile> find(String id) {
        return isId(id)
                ? store.find(descriptionKey(id)).map(json -> read(id, json))
                : Optional.empty();
    }

    /**
     * A file with its content.
     *
     * @throws FileGoneException if either has been deleted
     */
    public StoredFile require(String id) {
        return find(id).filter(this::hasContent).orElseThrow(() -> new FileGoneException(id));
    }

    private static StoredFile read(String id, byte[] json) {
        try {
            return JSON.readValue(json, StoredFile.class);
        } catch (IOException e) {
            throw PermanentException.because(
                    ReasonCodes.STORAGE_ERROR,
                    "%s is not a file's description".formatted(descriptionKey(id)),
                    e);
        }
    }

    /** Ids of all files, the latest upload first. */
    public List<String> ids() {
        List<String> ids = new ArrayList<>();
        for (String key : store.list(FOLDER)) {
            if (key.endsWith(DESCRIPTION)) {
                ids.add(key.substring(FOLDER.length(), key.length() - DESCRIPTION.length()));
            }
        }
        ids.sort(Comparator.reverseOrder());
        return ids;
    }

    /**
     * Ids of files that may have been made before, the latest first: a file comes after the time in
     * its id.
     */
    public List<String> idsBefore(Instant time) {
        String latest = IdSource.timePart(time);
        return ids().stream()
                .filter(id -> id.substring(ID_PREFIX.length()).compareTo(latest) < 0)
                .toList();
    }

    /** Ids of files whose time is over. */
    public List<String> expiredIds(Instant now) {
        return store.list(FOLDER).stream()
                .map(EXPIRY::matcher)
                .filter(Matcher::matches)
                .filter(expiry -> Long.parseLong(expiry.group(2)) <= now.getEpochSecond())
                .map(expiry -> expiry.group(1))
                .toList();
    }

    public boolean hasContent(StoredFile file) {
        return store.exists(file.key());
    }

    public InputStream open(StoredFile file) {
        return store.open(file.key());
    }

    /** Empty if somebody has deleted it from the bucket. */
    public Optional<StoredObject> content(StoredFile file) {
        return StoredObject.find(store, file.key());
    }

    /** The description first: what is half deleted is not there. A job's folder stays whole. */
    public void delete(StoredFile file) {
        store.delete(descriptionKey(file.id()));
        deleteParts(file);
    }

    private void deleteParts(StoredFile file) {
        if (file.expiresAt() != null) {
            store.delete(expiryKey(file));
        }
        if (isOwn(file)) {
            store.delete(file.key());
        }
    }

    /** Copies the bytes to a new file on this machine's disk, which the caller deletes. */
    public Path download(StoredFile file) throws IOException {
        Path copy = spool.newFile(".jsonl");
        try (InputStream in = open(file)) {
            Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            return copy;
        } catch (IOException | StageException e) {
            Files.deleteIfExists(copy);
            throw e;
        }
    }
}
