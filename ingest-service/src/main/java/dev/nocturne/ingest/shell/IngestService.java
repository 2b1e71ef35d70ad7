package dev.nocturne.ingest.shell;

import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.api.UseCases;
import dev.nocturne.ingest.caption.JsonCaptionStage;
import dev.nocturne.ingest.dispatch.BucketWatch;
import dev.nocturne.ingest.dispatch.TopicWatch;
import dev.nocturne.ingest.dispatch.TransactionWatch;
import dev.nocturne.ingest.job.JobLogThread;
import dev.nocturne.ingest.job.SkippedRecords;
import dev.nocturne.ingest.webhook.WebhookMeters;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.ingest.webhook.Webhooks;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.StageRunner;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.registry.RegistrySettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes jobs in, keeps account of them, and measures consumer lag; the one of all instances that
 * leads takes them from step to step and writes their files.
 *
 * <p>Holds no state of its own: files are in the bucket, and every start rebuilds the jobs from the
 * log and from the summaries of those that are over. All methods may be called from any thread.
 */
public final class IngestService implements Service {

    private static final Logger LOG = LoggerFactory.getLogger(IngestService.class);

    private final KafkaSettings kafka;
    private final Supplier<ObjectStore> openStore;
    private final WebhookSettings webhooks;
    private final IngestLimits limits;
    private final SpoolFolder spool;
    private final WebhookMeters webhookMeters; // null if there are no webhooks
    private final Clock clock;
    private final IngestParts parts;
    private final JobLogThread log;
    private final StageRunner<?> jsonCaptions;
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();
    private final Leadership leadership;
    private final TopicWatch topicWatch;
    private final TransactionWatch transactionWatch;

    /** Wrong settings of the store or of webhooks stop the service as soon as it is started. */
    public IngestService(
            KafkaSettings kafka,
            ObjectStoreSettings objectStore,
            WebhookSettings webhooks,
            RegistrySettings schemaRegistry,
            IngestLimits limits,
            SpoolFolder spool,
            MeterRegistry meters) {
        this(
                kafka,
                () -> ObjectStore.open(objectStore),
                webhooks,
                schemaRegistry,
                limits,
                spool,
                meters,
                Clock.systemUTC());
    }

    /** As the other one, on a store and by a clock of the caller's. */
    public IngestService(
            KafkaSettings kafka,
            Supplier<ObjectStore> openStore,
            WebhookSettings webhooks,
            RegistrySettings schemaRegistry,
            IngestLimits limits,
            SpoolFolder spool,
            MeterRegistry meters,
            Clock clock) {
        this.kafka = kafka;
        this.openStore = openStore;
        this.webhooks = webhooks;
        this.limits = limits;
        this.spool = spool;
        this.webhookMeters = webhooks.areNone() ? null : new WebhookMeters(meters);
        this.clock = clock;
        this.parts =
                new IngestParts(
                        kafka, webhooks, schemaRegistry, limits, meters, this::catchUp, clock);
        this.log =
                new JobLogThread(
                        kafka,
                        parts.index,
                        parts.listener,
                        new SkippedRecords(meters),
                        this::openStore,
                        this::fail);
        this.leadership = new Leadership(kafka, parts.publisher, this::catchUp, meters);
        this.topicWatch = new TopicWatch(kafka);
        this.transactionWatch = new TransactionWatch(kafka, clock, TransactionWatch.Timing.DEFAULT);
        this.jsonCaptions =
                new StageRunner<>(
                        new JsonCaptionStage(parts.listener::pictureSizes), kafka, meters, clock);
        jsonCaptions.failure().thenAccept(failure::complete);
    }

    /** All that callers can ask for. */
    public IngestApi api() {
        return parts.api;
    }

    @Override
    public void start() {
        log.start();
        jsonCaptions.start();
        parts.feed.start();
        parts.partialImages.start();
    }

    private void catchUp() {
        log.catchUp();
    }

    /** On the log's thread, first. */
    private JobLogThread.Owner openStore() {
        webhooks.check();
        ObjectStore store = openStore.get();
        return new LogOwner(store, new StoreParts(parts, store, spool, this::catchUp, clock));
    }

    /** Lets callers in while the log is read. */
    private final class LogOwner implements JobLogThread.Owner {

        private final ObjectStore store;
        private final StoreParts opened;
        private final UseCases useCases;

        LogOwner(ObjectStore store, StoreParts opened) {
            this.store = store;
            this.opened = opened;
            this.useCases = opened.useCases();
        }

        @Override
        public void prepare() {
            TopicAdmin.createMissing(kafka);
            // not before: Kafka 4.4 asks for a group without a pause until its topic is there,
            // which takes a processor from the brokers that make topics
            parts.lag.start();
            transactionWatch.start(); // reading the log may be what is held up
            store.hasBucket(); // waits for the store; the leader sees to the bucket
        }

        @Override
        public void caughtUp(String standing) {
            BucketWatch.makeFirst(store, parts.jobs);
            topicWatch.start();
            leadership.start(this::leaderTasks);
            parts.gate.open(useCases, standing);
        }

        private List<BackgroundTask> leaderTasks() {
            List<BackgroundTask> tasks = new ArrayList<>(opened.leaderTasks(kafka, limits));
            if (webhookMeters != null) {
                tasks.add(
                        new Webhooks(
                                webhooks,
                                kafka,
                                parts.jobs,
                                IngestService.this::catchUp,
                                webhookMeters,
                                clock));
            }
            return List.copyOf(tasks);
        }

        @Override
        public void isBehind(String standing) {
            parts.gate.close(standing);
        }
    }

    private void fail(Throwable reason) {
        String message = KafkaSettings.rootMessage(reason);
        parts.gate.close(message);
        LOG.error("ingest stopped: {}", message);
        failure.complete(
                reason instanceof FatalException fatal
                        ? fatal
                        : new FatalException(message, reason));
    }

    @Override
    public Health health() {
        List<Health> all = new ArrayList<>();
        all.add(
                new Health(
                        !failure.isDone(),
                        parts.gate.isOpen(),
                        "ingest: " + parts.gate.standing()));
        all.add(parts.disk.health());
        all.add(jsonCaptions.health());
        all.add(parts.lag.health());
        all.add(topicWatch.health());
        all.add(transactionWatch.health());
        all.add(leadership.health());
        all.add(new Health(true, true, parts.jobs.problems())); // of some: the others go on
        return Health.all(all);
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return failure;
    }

    @Override
    public void close() {
        log.end();
        parts.leaveFollowers();
        jsonCaptions.close();
        leadership.close();
        topicWatch.close();
        transactionWatch.close();
        parts.awaited.close();
        log.close();
        parts.close();
    }
}
