package dev.nocturne.cluster;

import static org.awaitility.Awaitility.await;

import dev.nocturne.decoder.DecoderService;
import dev.nocturne.decoder.ScoreStage;
import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.encoder.EncoderService;
import dev.nocturne.generator.GeneratorService;
import dev.nocturne.generator.GridDrawer;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.rerank.RerankService;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.registry.RegistrySettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Kafka, a bucket, ingest-service and rerank-service in this process, and workers with the models
 * that a test gives them.
 */
final class ServicesInProcess implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Deque<AutoCloseable> parts = new ArrayDeque<>(); // the last opened first
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final KafkaSettings kafka;
    final ObjectStoreSettings bucket;
    final IngestService ingest;

    /**
     * Starts those that need no model.
     *
     * @param folder for the data of all of them
     */
    ServicesInProcess(Path folder) {
        EmbeddedBroker broker = opened(EmbeddedBroker.start(folder.resolve("kafka"), 0));
        EmbeddedObjectStore store = opened(EmbeddedObjectStore.start(folder.resolve("objects"), 0));
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        bucket =
                new ObjectStoreSettings(
                        store.endpoint(),
                        "us-east-1",
                        store.accessKey(),
                        store.secretKey(),
                        "nocturne");
        ingest =
                new IngestService(
                        kafka,
                        bucket,
                        WebhookSettings.NONE,
                        RegistrySettings.NONE,
                        IngestLimits.DEFAULT,
                        SpoolFolder.open(folder.resolve("spool")),
                        meters);
        keep(ingest, new RerankService(kafka, folder.resolve("rerank"), meters));
    }

    private <P extends AutoCloseable> P opened(P part) {
        parts.push(part);
        return part;
    }

    Service encoder(ModelBundle model) {
        return new EncoderService(kafka, bucket, model.directory(), RegistrySettings.NONE, meters);
    }

    /**
     * @param batchSize candidates in a decode batch
     */
    Service generator(ModelBundle model, int batchSize) {
        return new GeneratorService(kafka, model.directory(), batchSize, meters);
    }

    /** As {@link #generator(ModelBundle, int)}, with a stand-in for the transformer. */
    Service generator(Supplier<GridDrawer> drawer, int batchSize) {
        return new GeneratorService(kafka, drawer, batchSize, meters);
    }

    Service decoder(ModelBundle model) {
        return new DecoderService(kafka, bucket, model.directory(), meters);
    }

    /** As {@link #decoder(ModelBundle)}, with a stand-in for scoring. */
    Service decoder(ModelBundle model, ScoreStage score) {
        return new DecoderService(kafka, bucket, model.directory(), score, meters);
    }

    /** Starts services that the caller closes, and waits until all are ready. */
    void start(Service... services) {
        for (Service service : services) {
            service.start();
        }
        await().atMost(PATIENCE)
                .until(() -> List.of(services).stream().allMatch(one -> one.health().ready()));
    }

    /** As {@link #start}, of services that are closed with this. */
    void keep(Service... services) {
        for (Service service : services) {
            opened(service);
        }
        start(services);
    }

    @Override
    public void close() throws Exception {
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
    }
}
