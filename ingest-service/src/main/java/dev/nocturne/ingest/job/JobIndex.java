package dev.nocturne.ingest.job;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobSummary;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.MalformedEventException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The summaries of the jobs that are over, in a file of this process: what the topic says, by id
 * and in the order of lists, and how far the topic has been read. It is only a copy: whatever is
 * wrong with the file, it is made anew from the topic.
 *
 * <p>Thread-safe; one thread writes. Nothing is found before {@link #begin}. Every method throws a
 * {@link TransientException} if the file cannot be read; then {@link #isBroken}.
 */
public final class JobIndex implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JobIndex.class);

    /** Each process of a folder has one of them. */
    private static final String FILE = "finished-jobs-%d.mv";

    private static final int MOST_PROCESSES = 16;

    private static final int CACHE_MEGABYTES = 4;
    private static final int CLOSE_MILLIS = 2_000;

    private static final String TOPIC = "topic";
    private static final String OFFSET = "offset";

    private final Path folder; // null: in memory
    private Path file; // of this process, once it is open
    private volatile JobIndexMaps maps; // null before it is begun, and when it is closed
    private volatile boolean isBroken;

    private JobIndex(Path folder) {
        this.folder = folder;
    }

    /**
     * @param folder created if it is missing; others may have theirs there, too
     */
    public static JobIndex in(Path folder) {
        return new JobIndex(folder);
    }

    /** As long as the process lives. */
    public static JobIndex inMemory() {
        return new JobIndex(null);
    }

    // ---- what is read of the topic

    /**
     * Opens the file, or makes it, and says where the reading of the topic goes on.
     *
     * @param topicId of the topic: what was read of another one is forgotten
     * @param end of the topic: who has read further has read another one, too
     * @throws FatalException if the folder cannot be used
     */
    public synchronized long begin(String topicId, long end) {
        if (maps == null || isBroken) {
            open();
        }
        return reading(
                0L,
                open -> {
                    String topic = open.read().get(TOPIC);
                    long offset = Long.parseLong(open.read().getOrDefault(OFFSET, "0"));
                    if (topic != null && topic.equals(topicId) && offset <= end) {
                        return offset;
                    }
                    if (topic != null) {
                        LOG.warn(
                                "ING-30 the index of finished jobs is of another topic, and is built anew");
                    }
                    open.clear();
                    open.read().put(TOPIC, topicId);
                    open.store().commit();
                    return 0L;
                });
    }

    private void open() {
        closeStore();
        isBroken = false;
        if (folder == null) {
            maps = JobIndexMaps.of(MVStore.open(null));
            return;
        }
        try {
            Files.createDirectories(folder);
            for (int i = 1; i <= MOST_PROCESSES && maps == null; i++) {
                file = folder.resolve(FILE.formatted(i));
                maps = openUnlessInUse();
            }
        } catch (IOException | MVStoreException e) {
            throw unusable(e.toString(), e);
        }
        if (maps == null) {
            throw unusable("%d other processes use it".formatted(MOST_PROCESSES), null);
        }
    }

    /** Null if another process has it. */
    private JobIndexMaps openUnlessInUse() throws IOException {
        try {
            return openFile();
        } catch (MVStoreException e) {
            if (e.getErrorCode() == DataUtils.ERROR_FILE_LOCKED) {
                return null;
            }
            LOG.warn(
                    "ING-30 the index of finished jobs in {} cannot be read and is built anew: {}",
                    file,
                    e.getMessage());
            Files.deleteIfExists(file);
            return openFile();
        }
    }

    private JobIndexMaps openFile() {
        MVStore store =
                new MVStore.Builder()
                        .fileName(UninterruptedFilePath.name(file))
                        .cacheSize(CACHE_MEGABYTES)
                        .backgroundExceptionHandler((thread, e) -> broken(e))
                        .open();
        try {
            return JobIndexMaps.of(store);
        } catch (RuntimeException e) {
            store.closeImmediately();
            throw e;
        }
    }

    private FatalException unusable(String why, Exception e) {
        return new FatalException(
                "the folder %s of the index of finished jobs cannot be used (%s): make it writable, or name another with NOCTURNE_INGEST_STATE_DIR"
                        .formatted(folder, why),
                e);
    }

    /** The topic has been read up to this offset, and all of it is here. */
    void readTo(long offset) {
        String text = Long.toString(offset);
        reading(
                null,
                open -> {
                    boolean isNew = !text.equals(open.read().get(OFFSET));
                    return isNew ? open.read().put(OFFSET, text) : null;
                });
    }

    /** Writes to the disk what otherwise follows within a second. */
    void flush() {
        reading(0L, open -> open.store().commit());
    }

    /** Where the log begins for whoever has read all summaries that are here; a copy. */
    public Map<String, Long> logStart() {
        return reading(Map.of(), open -> new TreeMap<>(open.logStart()));
    }

    // ---- writing

    /** In the place of what is here of the job. */
    synchronized void put(JobSummary summary) {
        reading(
                null,
                open -> {
                    String id = summary.getJobId();
                    String before = open.places().get(id);
                    JobCreated created = JobSummaries.created(summary);
                    byte[] bytes = EventCodec.encode(summary);
                    String place;
                    if (summary.getDeletedAt() == null) {
                        String key = key(summary.getSubmittedAt(), id);
                        open.there().put(key, bytes);
                        if (created != null) {
                            open.batches().put(key, "");
                        }
                        place = JobIndexMaps.THERE + key;
                    } else {
                        String key = key(summary.getDeletedAt(), id);
                        open.deleted().put(key, bytes);
                        place = JobIndexMaps.DELETED + key;
                    }
                    open.places().put(id, place);
                    if (before != null && !before.equals(place)) {
                        open.removeAt(before);
                    }
                    String idempotencyKey = idempotencyKey(summary, created);
                    if (idempotencyKey != null) {
                        open.ids().putIfAbsent(idempotencyKey, id);
                    }
                    summary.getLogStart()
                            .forEach(
                                    (partition, offset) ->
                                            open.logStart()
                                                    .put(
                                                            partition,
                                                            Math.max(
                                                                    offset,
                                                                    open.logStart()
                                                                            .getOrDefault(
                                                                                    partition,
                                                                                    0L))));
                    return null;
                });
    }

    private static String idempotencyKey(JobSummary summary, JobCreated created) {
        return created == null ? summary.getIdempotencyKey() : created.getIdempotencyKey();
    }

    /** As if the job had never been. */
    synchronized void remove(String id) {
        reading(
                null,
                open -> {
                    find(id).map(summary -> idempotencyKey(summary, JobSummaries.created(summary)))
                            .filter(key -> id.equals(open.ids().get(key)))
                            .ifPresent(open.ids()::remove);
                    String place = open.places().remove(id);
                    if (place != null) {
                        open.removeAt(place);
                    }
                    return null;
                });
    }

    // ---- asking

    boolean isEmpty() {
        return reading(true, open -> open.places().isEmpty());
    }

    /** Also of a deleted job. */
    Optional<JobSummary> find(String id) {
        return reading(
                Optional.empty(),
                open -> {
                    String place = open.places().get(id);
                    byte[] bytes = open.at(place);
                    if (bytes == null && place != null) { // it moved this moment
                        bytes = open.at(open.places().get(id));
                    }
                    return Optional.ofNullable(bytes).map(JobIndex::decode);
                });
    }

    private static JobSummary decode(byte[] bytes) {
        return EventCodec.decode(JobSummary.class, bytes);
    }

    Optional<String> jobWithKey(String idempotencyKey) {
        return reading(
                Optional.empty(), open -> Optional.ofNullable(open.ids().get(idempotencyKey)));
    }

    /** By submission, then by id: keys sort as the jobs do in lists. */
    static String key(Instant at, String id) {
        return "%016x%s".formatted(at.toEpochMilli(), id);
    }

    /**
     * Shows the jobs that are not deleted, one by one in their order, as they were at the call.
     *
     * @param onlyBatches only those that were made from a file
     * @param after {@link #key} of the one before the first; null: from the end on
     * @param goOn whether to show the next one, too
     */
    void scan(
            boolean onlyBatches,
            boolean oldestFirst,
            String after,
            Predicate<? super JobSummary> goOn) {
        reading(
                null,
                open -> {
                    Cursor<String, ?> keys =
                            (onlyBatches ? open.batches() : open.there())
                                    .cursor(after, null, !oldestFirst);
                    while (keys.hasNext()) {
                        String key = keys.next();
                        byte[] bytes =
                                onlyBatches ? open.there().get(key) : (byte[]) keys.getValue();
                        boolean isShown = !key.equals(after) && bytes != null;
                        if (isShown && !goOn.test(decode(bytes))) {
                            break;
                        }
                    }
                    return null;
                });
    }

    /** Ids of jobs that were deleted before, the earliest first. */
    List<String> deletedBefore(Instant time, int most) {
        List<String> ids = new ArrayList<>();
        reading(
                null,
                open -> {
                    Cursor<String, byte[]> all = open.deleted().cursor(null, key(time, ""), false);
                    while (all.hasNext() && ids.size() < most) {
                        all.next();
                        ids.add(decode(all.getValue()).getJobId());
                    }
                    return null;
                });
        return ids;
    }

    /** Whether it has to be built anew: begin again. */
    boolean isBroken() {
        return isBroken;
    }

    private void broken(Throwable e) {
        if (!isBroken && maps != null) {
            LOG.warn("ING-30 the index of finished jobs in {} is damaged: {}", file, e.toString());
        }
        isBroken = true;
    }

    private <T> T reading(T ifClosed, Function<JobIndexMaps, T> reading) {
        JobIndexMaps open = maps;
        if (open == null) {
            return ifClosed;
        }
        try {
            return reading.apply(open);
        } catch (MVStoreException | MalformedEventException e) {
            boolean isClosed = open.store().isClosed();
            if (!isClosed) {
                broken(e);
            }
            throw new TransientException(
                    isClosed
                            ? "the index of finished jobs is closed"
                            : "the index of finished jobs cannot be read, and is built anew",
                    e);
        }
    }

    /** What is broken is not kept. */
    private void closeStore() {
        JobIndexMaps open = maps;
        maps = null;
        if (open == null) {
            return;
        }
        if (!isBroken) {
            open.store().close(CLOSE_MILLIS);
            return;
        }
        open.store().closeImmediately();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("{} cannot be deleted: {}", file, e.toString());
        }
    }

    @Override
    public synchronized void close() {
        closeStore();
    }
}
