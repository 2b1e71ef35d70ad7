package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.nocturne.decoder.DecoderService;
import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.encoder.EncoderService;
import dev.nocturne.generator.GeneratorService;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.IngestService;
import dev.nocturne.ingest.Job;
import dev.nocturne.ingest.WebhookSettings;
import dev.nocturne.models.ModelBundle;
import dev.nocturne.rerank.RerankService;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.SpoolFolder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody waits for a picture while a job of thousands is painted. A stand-in for the transformer
 * takes a fixed time per decode batch, which is most of the time that a picture takes.
 */
class InteractiveLatencyBrokerTest {
    private static final int JOB_CAPTIONS = 2_000;
    private static final int PICTURES = 7;
    private static final int BATCH = 32;
    private static final Duration DECODE_BATCH = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final String API = "http://localhost/";

    @TempDir Path folder;

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void aPictureTakesAtMostTwiceItsTimeWhileALargeJobRuns() throws Exception {
        ModelBundle model = TinyModel.write(folder.resolve("model"));
        try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("kafka"), 0);
                EmbeddedObjectStore store =
                        EmbeddedObjectStore.start(folder.resolve("objects"), 0)) {
            KafkaSettings kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
            ObjectStoreSettings bucket =
                    new ObjectStoreSettings(
                            store.endpoint(),
                            "us-east-1",
                            store.accessKey(),
                            store.secretKey(),
                            "nocturne");
            SimpleMeterRegistry meters = new SimpleMeterRegistry();
            Path directory = model.directory();
            try (IngestService ingest =
                            new IngestService(
                                    kafka,
                                    bucket,
                                    WebhookSettings.NONE,
                                    IngestLimits.DEFAULT,
                                    SpoolFolder.open(folder.resolve("spool")),
                                    meters);
                    Service encoder = new EncoderService(kafka, directory, meters);
                    Service generator =
                            new GeneratorService(
                                    kafka,
                                    () -> new StandInDrawer(model.id(), DECODE_BATCH),
                                    BATCH,
                                    meters);
                    Service decoder = new DecoderService(kafka, bucket, directory, meters);
                    Service rerank = new RerankService(kafka, folder.resolve("rerank"), meters)) {
                List<Service> services = List.of(ingest, encoder, generator, decoder, rerank);
                services.forEach(Service::start);
                await().atMost(PATIENCE)
                        .until(() -> services.stream().allMatch(one -> one.health().ready()));
                paintMillis(ingest); // what is loaded at first use is loaded
                long alone = medianMillis(ingest);

                String job = ingest.submit(captions(), null, null, null, false, API).id();
                await("the job is being painted")
                        .atMost(PATIENCE)
                        .until(() -> ingest.job(job).counts().completed() > 0);
                long beside = medianMillis(ingest);

                assertThat(ingest.job(job).status())
                        .as("still running, or the measurement says nothing")
                        .isEqualTo(Job.Status.IN_PROGRESS);
                assertThat(beside)
                        .as("milliseconds beside the job; alone they were %d", alone)
                        .isLessThanOrEqualTo(2 * alone);
            }
        }
    }

    private static long medianMillis(IngestService ingest) {
        long[] sorted =
                LongStream.generate(() -> paintMillis(ingest)).limit(PICTURES).sorted().toArray();
        System.getLogger(InteractiveLatencyBrokerTest.class.getName())
                .log(System.Logger.Level.INFO, () -> "milliseconds: " + Arrays.toString(sorted));
        return sorted[PICTURES / 2];
    }

    private static long paintMillis(IngestService ingest) {
        long start = System.nanoTime();
        ingest.paint(JsonNodeFactory.instance.objectNode().put("prompt", "a red heart"), API)
                .toCompletableFuture()
                .join();
        return Duration.ofNanos(System.nanoTime() - start).toMillis();
    }

    private static ByteArrayInputStream captions() {
        String line = "{\"prompt\":\"a snowman\",\"candidates\":1,\"top\":1}\n";
        return new ByteArrayInputStream(line.repeat(JOB_CAPTIONS).getBytes(UTF_8));
    }
}
