package dev.nocturne.ingest.shell;

import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.api.UseCases;
import dev.nocturne.ingest.caption.JsonCaptionStage;
import dev.nocturne.ingest.job.JobLogThread;
import dev.nocturne.ingest.job.SkippedRecords;
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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes jobs in, keeps account of them, writes their files, and measures consumer lag.
 *
 * <p>Holds no state of its own: files are in the bucket, and every start rebuilds the jobs from the
 * log. All methods may be called from any thread.
 */
public final class IngestService implements Service {

    private static final Logger LOG = LoggerFactory.getLogger(IngestService.class);

    private final KafkaSettings kafka;
    private final Supplier<ObjectStore> openStore;
    private final WebhookSettings webhooks;
    private final IngestLimits limits;
    private final SpoolFolder spool;
    private final MeterRegistry meters;
    private final Clock clock;
    private final IngestParts parts;
    private final JobLogThread log;
    private final StageRunner<?> jsonCaptions;
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();
    private volatile List<BackgroundTask> background = List.of(); // none before the store is open

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
        this.meters = meters;
        this.clock = clock;
        this.parts = new IngestParts(kafka, webhooks, schemaRegistry, limits, meters, clock);
        this.log =
                new JobLogThread(
                        kafka,
                        parts.listener,
                        new SkippedRecords(meters),
                        this::openStore,
                        this::fail);
        this.jsonCaptions =
                new StageRunner<>(
                        new JsonCaptionStage(parts.listener::pictureSize), kafka, meters, clock);
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

    /** On the log's thread, first. */
    private JobLogThread.Owner openStore() {
        Optional<Webhooks> posts = openWebhooks();
        ObjectStore store = openStore.get();
        StoreParts opened = new StoreParts(parts, store, spool, log::catchUp, clock);
        List<BackgroundTask> tasks =
                new ArrayList<>(opened.backgroundTasks(kafka, limits.fileRetention()));
        posts.ifPresent(tasks::add);
        background = List.copyOf(tasks);
        return new LogOwner(store, opened.useCases());
    }

    /** Empty if there is no address to post to. */
    private Optional<Webhooks> openWebhooks() {
        return webhooks.areNone()
                ? Optional.empty()
                : Optional.of(
                        new Webhooks(webhooks, kafka, parts.jobs, log::catchUp, meters, clock));
    }

    /** Lets callers in while the log is read. */
    private final class LogOwner implements JobLogThread.Owner {

        private final ObjectStore store;
        private final UseCases useCases;

        LogOwner(ObjectStore store, UseCases useCases) {
            this.store = store;
            this.useCases = useCases;
        }

        @Override
        public void prepare() {
            TopicAdmin.createMissing(kafka);
            // not before: Kafka 4.4 asks for a group without a pause until its topic is there,
            // which takes a processor from the brokers that make topics
            parts.lag.start();
            store.hasBucket(); // waits for the store; the watch sees to the bucket
        }

        @Override
        public void caughtUp(String standing) {
            background.forEach(BackgroundTask::start);
            parts.gate.open(useCases, standing);
        }

        @Override
        public void isBehind(String standing) {
            parts.gate.close(standing);
        }
    }

    private void fail(Throwable reason) {
        Throwable root = reason;
        while (root instanceof KafkaException && root.getCause() != null) {
            root = root.getCause(); // the innermost message says most
        }
        String message = root.getMessage() == null ? root.toString() : root.getMessage();
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
        background.forEach(task -> all.add(task.health()));
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
        background.forEach(BackgroundTask::close);
        parts.awaited.close();
        log.close();
        parts.close();
    }
}
