package dev.nocturne.ingest.shell;

import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.api.AwaitedResults;
import dev.nocturne.ingest.api.ChangeFeed;
import dev.nocturne.ingest.api.Gate;
import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.api.UseCases;
import dev.nocturne.ingest.file.DiskSpace;
import dev.nocturne.ingest.job.Backlog;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.ingest.job.JobIndex;
import dev.nocturne.ingest.job.JobMetrics;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.lag.LagMetrics;
import dev.nocturne.ingest.lag.LagMonitor;
import dev.nocturne.ingest.lag.PipelineStage;
import dev.nocturne.ingest.result.DeadLetterLog;
import dev.nocturne.ingest.result.PartialImages;
import dev.nocturne.ingest.result.ResultLog;
import dev.nocturne.ingest.scale.Scaling;
import dev.nocturne.ingest.webhook.WebhookEndpoints;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.IdSource;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;

/** What the service consists of before its store is open. */
final class IngestParts implements AutoCloseable {

    final Gate<UseCases> gate = new Gate<>();
    final AwaitedResults awaited = new AwaitedResults();
    final IdSource ids;
    final JobIndex index;
    final JobTable jobs;
    final Backlog backlog;
    final DiskSpace disk;
    final List<PipelineStage> stages;
    final LagMonitor lag;
    final ChangeFeed feed;
    final PartialImages partialImages;
    final LogListener listener;
    final JobPublisher publisher;
    final JobEvents events;
    final ResultLog results;
    final DeadLetterLog deadLetters;
    final IngestApi api;

    /**
     * @param catchUp waits until the table knows everything that is in the log by now
     */
    IngestParts(
            KafkaSettings kafka,
            WebhookSettings webhooks,
            RegistrySettings schemaRegistry,
            IngestLimits limits,
            MeterRegistry meters,
            Runnable catchUp,
            Clock clock) {
        ids = new IdSource(clock, new SecureRandom());
        index = limits.state() == null ? JobIndex.inMemory() : JobIndex.in(limits.state());
        jobs = new JobTable(clock, index);
        new JobMetrics(meters, () -> jobs.openJobs(clock.instant()), clock);
        backlog = new Backlog(jobs, limits.maxWaitingCandidates());
        disk = new DiskSpace(limits.folders(), limits.minFreeBytes());
        disk.show(meters);
        stages = PipelineStage.of(!webhooks.areNone(), schemaRegistry);
        lag = new LagMonitor(kafka, stages, new LagMetrics(meters), clock);
        lag.onMeasurement(new Scaling(jobs, gate::outage, meters)::measured);
        feed = new ChangeFeed(jobs, lag, gate::outage, clock);
        partialImages =
                new PartialImages(
                        kafka,
                        meters,
                        image -> jobs.isFinished(image.jobId(), image.requestId()),
                        feed::partial);
        listener = new LogListener(jobs, feed, partialImages, awaited);
        publisher = new JobPublisher(kafka);
        events = new JobEvents(publisher, listener, catchUp, clock);
        results = new ResultLog(kafka);
        deadLetters = new DeadLetterLog(kafka, jobs::isFromFile, clock);
        api =
                new IngestApi(
                        gate,
                        feed,
                        lag,
                        new WebhookEndpoints(webhooks, clock),
                        partialImages,
                        listener::pictureSizes);
    }

    /** Whoever waits is told nothing more. */
    void leaveFollowers() {
        feed.close();
        partialImages.close();
    }

    /** When nobody publishes any more. */
    @Override
    public void close() {
        lag.close();
        deadLetters.close();
        publisher.close();
        index.close();
    }
}
