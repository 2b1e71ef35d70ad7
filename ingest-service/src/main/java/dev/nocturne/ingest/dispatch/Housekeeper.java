package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.JobDeleted;
import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.DaemonThreads;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.runtime.telemetry.LogFields;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes out of the bucket what is not kept: everything of deleted jobs, and files of the API whose
 * time is over. What is left of it follows from the log and the bucket, so a restart goes on; what
 * fails comes again.
 */
public final class Housekeeper implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(Housekeeper.class);
    private static final Duration TICK = Duration.ofSeconds(1);
    private static final Duration RETRY = Duration.ofSeconds(30);

    /** Jobs that are purged together: one transaction says of all of them that it is done. */
    private static final int MOST = 200;

    private static final int THREADS = 8;

    /** A job with all its objects, from a slow store. */
    private static final Duration LONGEST_TICK = Duration.ofHours(2);

    /** Between two looks for files: each lists all of them. */
    private static final Duration SWEEP = Duration.ofHours(1);

    private final JobTable jobs;
    private final FileStore files;
    private final ObjectStore store;
    private final JobEvents events;
    private final Runnable barrier;
    private final Duration retention; // null: files are kept
    private final Clock clock;
    private final Rounds rounds = new Rounds("housekeeper", TICK, LONGEST_TICK);
    private final ExecutorService threads =
            Executors.newFixedThreadPool(THREADS, DaemonThreads.named("housekeeper-store"));
    private Instant nextSweep = Instant.MIN; // the thread's own, like the next
    private Instant notBefore = Instant.MIN;

    /**
     * @param barrier waits until the table knows all that is in the log by now, and throws if this
     *     instance does not lead any more
     * @param retention null: files are kept
     */
    public Housekeeper(
            JobTable jobs,
            FileStore files,
            ObjectStore store,
            JobEvents events,
            Runnable barrier,
            Duration retention,
            Clock clock) {
        this.jobs = jobs;
        this.files = files;
        this.store = store;
        this.events = events;
        this.barrier = barrier;
        this.retention = retention;
        this.clock = clock;
    }

    @Override
    public void start() {
        rounds.start(this::tick);
    }

    @Override
    public Health health() {
        return rounds.health();
    }

    private void tick() {
        Instant now = clock.instant();
        try {
            if (!now.isBefore(notBefore)) {
                purgeAll();
                if (!now.isBefore(nextSweep)) {
                    expireFiles(now);
                    boolean isShort = retention != null && retention.compareTo(SWEEP) < 0;
                    nextSweep = now.plus(isShort ? TICK : SWEEP);
                }
            }
        } catch (Throwable e) { // the next tick comes only if this one ends well
            notBefore = now.plus(RETRY);
            if (!rounds.isStopped()) {
                LOG.warn("ING-22 not all was deleted, next try in {}: {}", RETRY, e.toString());
                LOG.debug("ING-22", e);
            }
        } finally {
            rounds.beat();
        }
    }

    /** All that can be: a job whose objects stay keeps no other one's there. */
    private void purgeAll() {
        List<JobState.Deleted> deleted = jobs.deletedJobs();
        for (int from = 0; from < deleted.size(); from += MOST) {
            purge(deleted.subList(from, Math.min(from + MOST, deleted.size())));
            rounds.beat();
        }
    }

    private void purge(List<JobState.Deleted> some) {
        barrier.run();
        List<Future<?>> purges = new ArrayList<>();
        some.forEach(job -> purges.add(threads.submit(() -> purge(job))));
        List<String> purged = new ArrayList<>();
        RuntimeException failure = null;
        for (int i = 0; i < purges.size(); i++) {
            try {
                purges.get(i).get();
                purged.add(some.get(i).id());
            } catch (ExecutionException e) {
                failure = new TransientException(e.getCause().toString(), e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return; // closing
            }
            rounds.beat();
        }
        if (!purged.isEmpty()) {
            events.publishLeading(purged, new JobDeleted(true));
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void purge(JobState.Deleted job) {
        List<String> keys = store.list(JobKeys.key(job.id(), ""));
        List<String> all = new ArrayList<>();
        for (String folder : renderings(job.id(), keys)) {
            all.addAll(store.list(JobKeys.key(folder, "")));
        }
        all.addAll(keys); // last: they say what else there may be
        all.forEach(store::delete);
        List<String> own = new ArrayList<>();
        own.add(JobKeys.outputFileId(job.id()));
        own.add(JobKeys.errorFileId(job.id()));
        if (job.ownInputFileId() != null && !isRead(job.ownInputFileId())) {
            own.add(job.ownInputFileId());
        }
        own.forEach(id -> files.find(id).ifPresent(files::delete));
        LogFields.job(
                job.id(),
                () ->
                        LOG.info(
                                "ING-23 job {} has left the bucket: {} objects deleted",
                                job.id(),
                                all.size()));
    }

    /** Folders of candidates of the job that were rendered; they are no jobs of their own. */
    private List<String> renderings(String jobId, List<String> keys) {
        return Renderings.of(jobId, keys, store::list).stream()
                .filter(folder -> !jobs.isKnown(folder))
                .toList();
    }

    private boolean isRead(String fileId) {
        return !jobs.open(job -> job.reads(fileId)).isEmpty();
    }

    /** Of those that no job still reads: by their own time, and by everybody's. */
    private void expireFiles(Instant now) {
        int expired = delete(files.expiredIds(now), file -> file.isExpired(now));
        if (expired > 0) {
            LOG.info("ING-26 {} files deleted that had expired", expired);
        }
        if (retention == null) {
            return;
        }
        Instant oldest = now.minus(retention);
        int old =
                delete(files.idsBefore(oldest), file -> file.createdAt() < oldest.getEpochSecond());
        if (old > 0) {
            LOG.info("ING-24 {} files deleted that were older than {}", old, retention);
        }
    }

    private int delete(List<String> ids, Predicate<StoredFile> isOver) {
        int deleted = 0;
        if (!ids.isEmpty()) {
            barrier.run();
        }
        for (String id : ids) {
            StoredFile file = files.find(id).orElse(null);
            if (file != null && isOver.test(file) && !isRead(id)) {
                files.delete(file);
                deleted++;
            }
        }
        return deleted;
    }

    @Override
    public void close() {
        threads.shutdownNow();
        rounds.stop();
    }
}
