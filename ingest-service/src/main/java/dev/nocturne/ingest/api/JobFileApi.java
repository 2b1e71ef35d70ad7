package dev.nocturne.ingest.api;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.archive.JobFile;
import dev.nocturne.ingest.archive.JobFileName;
import dev.nocturne.ingest.archive.JobFiles;
import dev.nocturne.ingest.archive.JobLinks;
import dev.nocturne.ingest.archive.JobManifest;
import dev.nocturne.ingest.archive.SingleManifest;
import dev.nocturne.ingest.file.StoreAccess;
import dev.nocturne.ingest.file.StoredObject;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobState;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.schemas.Ids;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The files that jobs leave in the bucket. Thread-safe. */
public final class JobFileApi {

    private final ObjectStore store;
    private final JobTable jobs;
    private final JobViews views;
    private final Clock clock;

    public JobFileApi(ObjectStore store, JobTable jobs, JobViews views, Clock clock) {
        this.store = store;
        this.jobs = jobs;
        this.views = views;
        this.clock = clock;
    }

    /**
     * A file of a job, by its name in the manifest, which the caller closes; {@code manifest.json}
     * is there once the job is finished, the pictures of a request as soon as it is.
     *
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public StoredObject file(String id, String name) {
        boolean wellFormed =
                Ids.isJobId(id) && JobFileName.isValid(name) && jobs.deletedAt(id).isEmpty();
        String key = JobKeys.key(id, name);
        return (wellFormed ? StoreAccess.ask(() -> find(id, key)) : Optional.<StoredObject>empty())
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "name",
                                        "unknown_file",
                                        "job '%s' has no file '%s': its manifest.json lists all, once it is finished"
                                                .formatted(Excerpt.of(id), Excerpt.of(name))));
    }

    private Optional<StoredObject> find(String id, String key) {
        return StoredObject.find(store, key)
                .or(
                        () ->
                                key.equals(JobKeys.manifestKey(id))
                                        ? singleManifest(id)
                                        : Optional.empty());
    }

    /** Empty unless the job is a single caption, and closed. */
    private Optional<StoredObject> singleManifest(String id) {
        return jobs.ask(id, Single::of)
                .map(
                        single ->
                                StoredObject.of(
                                        SingleManifest.of(single.content, single.result, store),
                                        single.content.closing().getFinishedAt()));
    }

    /** A single caption that is closed. */
    private record Single(JobFiles.Content content, RequestFinished result) {

        /** Null if the job is another. */
        static Single of(JobState job) {
            RequestFinished result = job.isTerminal() ? job.single() : null;
            return result == null ? null : new Single(JobFiles.Content.of(job), result);
        }
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
        return new JobLinks(store, id, validity, clock.instant(), manifest(id));
    }

    /**
     * The files of a finished job in the order of its manifest, without those of single requests,
     * which are many: their pictures and what is told of them.
     *
     * @throws IngestException UNKNOWN, CONFLICT if there is no manifest, or UNAVAILABLE
     */
    public List<JobFile> files(String id) throws IOException {
        List<JobFile> files = new ArrayList<>();
        try (InputStream manifest = manifest(id)) {
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

    private StoredObject manifest(String id) {
        Job job = views.job(id);
        return StoreAccess.ask(() -> find(id, JobKeys.manifestKey(id)))
                .orElseThrow(
                        () ->
                                IngestException.conflict(
                                        "id",
                                        "no_manifest",
                                        "job '%s' is %s and has no manifest: a job has its files when it is finished"
                                                .formatted(
                                                        id,
                                                        job.status()
                                                                .name()
                                                                .toLowerCase(Locale.ROOT))));
    }
}
