package dev.nocturne.standalone.pipeline;

import dev.nocturne.decoder.DecoderService;
import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.encoder.EncoderService;
import dev.nocturne.generator.GeneratorService;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.result.RegistryResults;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.program.LibtorchThreads;
import dev.nocturne.rerank.RerankService;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.TopicSizes;
import dev.nocturne.runtime.registry.RegistrySettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The whole pipeline in this process: a broker, an S3 endpoint and every service, with all state in
 * one folder. What was unfinished when it closed goes on at the next start on the same folder.
 */
public final class Pipeline implements AutoCloseable {
    private static final String REGION = "us-east-1";
    private static final String BUCKET = "nocturne";

    /**
     * @param kafkaPort 0 for any free one
     * @param objectStorePort 0 for any free one
     * @param batch candidates in a decode batch
     */
    public record Settings(
            Path data,
            Path model,
            int kafkaPort,
            int objectStorePort,
            int batch,
            WebhookSettings webhooks) {

        /** At any free ports, and nobody is told of anything. */
        public static Settings unheard(Path data, Path model, int batch) {
            return new Settings(data, model, 0, 0, batch, WebhookSettings.NONE);
        }
    }

    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();
    private final List<Service> services = new ArrayList<>();
    private final Deque<AutoCloseable> parts = new ArrayDeque<>(); // the last started first
    private DataFolder data;
    private SpoolFolder spool;
    private KafkaSettings kafka;
    private ObjectStoreSettings objectStore;
    private IngestService ingest;
    private boolean closed; // guarded by this

    private Pipeline() {}

    /**
     * Starts everything; the services load their models and join their groups meanwhile.
     *
     * @throws IOException if the model or the data folder cannot be used
     */
    public static Pipeline start(Settings settings, MeterRegistry meters) throws IOException {
        ModelBundle.open(settings.model());
        // the stages share the cores: threads that wait for each other's would only be in the way
        LibtorchThreads.use(1);
        Pipeline pipeline = new Pipeline();
        try {
            pipeline.startServers(settings);
            pipeline.startServices(settings, meters);
        } catch (IOException | RuntimeException e) {
            pipeline.close();
            throw e;
        }
        return pipeline;
    }

    private void startServers(Settings settings) throws IOException {
        data = opened(DataFolder.open(settings.data()));
        spool = opened(SpoolFolder.open(data.spool()));
        boolean isNew = Files.notExists(data.kafkaLog());
        EmbeddedObjectStore store =
                opened(EmbeddedObjectStore.start(data.objects(), settings.objectStorePort()));
        EmbeddedBroker broker = opened(EmbeddedBroker.start(data.kafkaLog(), settings.kafkaPort()));
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of(), TopicSizes.ofEnvironment());
        objectStore =
                new ObjectStoreSettings(
                        store.endpoint(), REGION, store.accessKey(), store.secretKey(), BUCKET);
        if (isNew) {
            ObjectStore.open(objectStore).ensureBucket(); // nothing is lost that it could hide
        }
    }

    private void startServices(Settings settings, MeterRegistry meters) {
        Path model = settings.model();
        IngestLimits limits =
                IngestLimits.parse(
                                System.getenv(IngestLimits.MAX_WAITING_VARIABLE),
                                System.getenv(IngestLimits.MIN_FREE_VARIABLE),
                                System.getenv(IngestLimits.RETENTION_VARIABLE),
                                System.getenv(IngestLimits.JOB_RETENTION_VARIABLE),
                                System.getenv(IngestLimits.LOG_RETENTION_VARIABLE),
                                List.of(data.root()))
                        .withState(data.ingestState());
        RegistrySettings registry = RegistrySettings.ofEnvironment();
        ingest =
                new IngestService(
                        kafka, objectStore, settings.webhooks(), registry, limits, spool, meters);
        services.add(ingest);
        services.add(new RegistryResults(kafka, registry, meters));
        services.add(new RerankService(kafka, data.rerankState(), meters));
        services.add(new DecoderService(kafka, objectStore, model, meters));
        services.add(new GeneratorService(kafka, model, settings.batch(), meters));
        services.add(new EncoderService(kafka, objectStore, model, registry, meters));
        for (Service service : services) {
            opened(service).start();
            service.failure().thenAccept(failure::complete);
        }
    }

    private <P extends AutoCloseable> P opened(P part) {
        parts.push(part);
        return part;
    }

    public KafkaSettings kafka() {
        return kafka;
    }

    public ObjectStoreSettings objectStore() {
        return objectStore;
    }

    /** For what is worth nothing after this process. */
    SpoolFolder spool() {
        return spool;
    }

    public DataFolder data() {
        return data;
    }

    public IngestService ingest() {
        return ingest;
    }

    Health health() {
        return Health.all(services.stream().map(Service::health).toList());
    }

    /** Completes when a service has stopped because of an error that only a person can mend. */
    public CompletableFuture<FatalException> failure() {
        return failure;
    }

    /** Stops the services, then their servers; may be called twice, and from a shutdown hook. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                // what is left must be closed all the same; nothing of ours is lost by a bad end
                System.getLogger(Pipeline.class.getName())
                        .log(System.Logger.Level.WARNING, "a part did not stop in order", e);
            }
        }
    }
}
