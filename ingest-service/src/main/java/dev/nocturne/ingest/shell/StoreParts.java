package dev.nocturne.ingest.shell;

import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.api.BatchApi;
import dev.nocturne.ingest.api.CandidateApi;
import dev.nocturne.ingest.api.FileApi;
import dev.nocturne.ingest.api.FollowUpApi;
import dev.nocturne.ingest.api.ImageApi;
import dev.nocturne.ingest.api.JobApi;
import dev.nocturne.ingest.api.JobFileApi;
import dev.nocturne.ingest.api.JobViews;
import dev.nocturne.ingest.api.ResultApi;
import dev.nocturne.ingest.api.UseCases;
import dev.nocturne.ingest.archive.JobFiles;
import dev.nocturne.ingest.dispatch.BucketWatch;
import dev.nocturne.ingest.dispatch.Dispatcher;
import dev.nocturne.ingest.dispatch.FirstStart;
import dev.nocturne.ingest.dispatch.Housekeeper;
import dev.nocturne.ingest.dispatch.Intake;
import dev.nocturne.ingest.dispatch.JobKeeper;
import dev.nocturne.ingest.dispatch.LostRequests;
import dev.nocturne.ingest.dispatch.RequestSender;
import dev.nocturne.ingest.dispatch.Reranks;
import dev.nocturne.ingest.dispatch.Retention;
import dev.nocturne.ingest.dispatch.Summaries;
import dev.nocturne.ingest.dispatch.Trimming;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.job.IdempotencyKeys;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.StoredResults;
import java.time.Clock;
import java.util.List;

/** What the service consists of beside, once its store is open. */
final class StoreParts {

    private final IngestParts parts;
    private final ObjectStore store;
    private final SpoolFolder spool;
    private final Runnable catchUp;
    private final Clock clock;
    private final FileStore files;
    private final StoredResults stored;
    private final Intake intake;

    /**
     * @param catchUp waits until the table knows everything that is in the log by now
     */
    StoreParts(
            IngestParts parts,
            ObjectStore store,
            SpoolFolder spool,
            Runnable catchUp,
            Clock clock) {
        this.parts = parts;
        this.store = store;
        this.spool = spool;
        this.catchUp = catchUp;
        this.clock = clock;
        this.files = new FileStore(store, spool);
        this.stored = new StoredResults(store);
        this.intake =
                new Intake(
                        parts.jobs,
                        files,
                        parts.backlog,
                        parts.publisher,
                        catchUp,
                        parts.listener,
                        parts.listener::pictureSizes,
                        parts.events);
    }

    UseCases useCases() {
        JobViews views = new JobViews(parts.jobs, clock);
        IdempotencyKeys keys = new IdempotencyKeys(parts.jobs, parts.backlog, catchUp);
        FileApi fileApi = new FileApi(files, parts.jobs, parts.disk, parts.ids, clock);
        ResultApi results = new ResultApi(views, parts.results, store);
        return new UseCases(
                fileApi,
                new BatchApi(
                        fileApi, views, parts.events, keys, parts.backlog, parts.disk, parts.ids),
                new JobApi(
                        fileApi,
                        parts.jobs,
                        views,
                        parts.events,
                        keys,
                        new FirstStart(parts.jobs, intake, parts.publisher),
                        parts.backlog,
                        parts.disk,
                        spool,
                        parts.ids,
                        parts.listener::pictureSizes),
                new FollowUpApi(
                        fileApi,
                        files,
                        results,
                        views,
                        parts.events,
                        keys,
                        parts.backlog,
                        parts.disk,
                        spool,
                        parts.ids),
                new ImageApi(
                        store,
                        stored,
                        parts.events,
                        parts.publisher,
                        parts.awaited,
                        parts.partialImages,
                        parts.backlog,
                        parts.disk,
                        parts.ids,
                        parts.listener::pictureSizes),
                new CandidateApi(store, stored, parts.jobs, parts.awaited, parts.publisher),
                results,
                new JobFileApi(store, parts.jobs, views, clock),
                parts.deadLetters);
    }

    /** For one term. */
    List<BackgroundTask> leaderTasks(KafkaSettings kafka, IngestLimits limits) {
        RequestSender sender = new RequestSender(new Reranks(stored));
        JobFiles jobFiles =
                new JobFiles(
                        store,
                        files,
                        parts.results,
                        spool,
                        () -> parts.publisher.confirmLeading(catchUp));
        return List.of(
                new BucketWatch(store, parts.jobs, intake::fail, clock, BucketWatch.Timing.DEFAULT),
                new JobKeeper(
                        parts.jobs,
                        intake,
                        parts.events,
                        jobFiles,
                        parts.publisher,
                        parts.listener,
                        catchUp,
                        clock),
                new Dispatcher(
                        parts.jobs, files, sender, intake::fail, parts.publisher, catchUp, clock),
                new Housekeeper(
                        parts.jobs,
                        files,
                        store,
                        parts.events,
                        () -> {
                            parts.publisher.confirmLeading(catchUp);
                            catchUp.run();
                        },
                        limits.fileRetention(),
                        clock),
                new Summaries(parts.jobs, jobFiles::ensureResults, parts.publisher, catchUp, clock),
                new Trimming(
                        kafka,
                        parts.index,
                        parts.stages,
                        () -> parts.lag.state().report(),
                        limits.logRetention(),
                        clock),
                new Retention(
                        parts.jobs,
                        parts.events,
                        parts.publisher,
                        catchUp,
                        limits.jobRetention(),
                        clock),
                new LostRequests(
                        parts.jobs,
                        files,
                        sender,
                        intake::fail,
                        parts.publisher,
                        catchUp,
                        parts.lag,
                        clock));
    }
}
