package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.decoder.DecoderService;
import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.encoder.EncoderService;
import dev.nocturne.generator.GeneratorService;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.rerank.RerankService;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The model of every worker is another one in the middle of a job. */
class UpgradeBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int LINES = 10;
    private static final int CANDIDATES = 4;
    private static final int DRAWN_BEFORE = 6;
    private static final int FINISHED_BEFORE = 2;

    @TempDir Path folder;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private KafkaSettings kafka;
    private ObjectStoreSettings bucket;
    private IngestService ingest;

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void whatTheFormerModelHasBegunIsDrawnAgainFromItsCaptions() throws Exception {
        ModelBundle former = TinyModel.write(folder.resolve("former"), 1, 1);
        ModelBundle next = TinyModel.write(folder.resolve("next"), 2, 2);
        try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("kafka"), 0);
                EmbeddedObjectStore store =
                        EmbeddedObjectStore.start(folder.resolve("objects"), 0)) {
            kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
            bucket =
                    new ObjectStoreSettings(
                            store.endpoint(),
                            "us-east-1",
                            store.accessKey(),
                            store.secretKey(),
                            "nocturne");
            try (IngestService opened =
                            new IngestService(
                                    kafka,
                                    bucket,
                                    WebhookSettings.NONE,
                                    RegistrySettings.NONE,
                                    IngestLimits.DEFAULT,
                                    SpoolFolder.open(folder.resolve("spool")),
                                    meters);
                    Service rerank = new RerankService(kafka, folder.resolve("rerank"), meters)) {
                ingest = opened;
                start(ingest, rerank);
                String job = begin(former);
                int finished = ingest.api().jobs().job(job).counts().completed();
                finish(job, next);

                assertThat(ingest.api().jobs().job(job).counts())
                        .isEqualTo(new Job.Counts(LINES, LINES, 0, 0, 0, 0));
                assertThat(TopicReader.records(kafka, Topics.DEAD_LETTERS)).isEmpty();
                int ofFormer = 0;
                for (int line = 0; line < LINES; line++) {
                    ResultFile result = result(job, "line-" + line);
                    assertThat(result.model()).isIn(former.id(), next.id());
                    boolean isFormer = result.model().equals(former.id());
                    assertThat(result.dvae()).isEqualTo((isFormer ? former : next).dvaeId());
                    assertThat(result.ranking()).hasSize(CANDIDATES);
                    ofFormer += isFormer ? 1 : 0;
                }
                assertThat(ofFormer).isEqualTo(finished);
            }
        }
    }

    private static void start(Service... services) {
        for (Service service : services) {
            service.start();
        }
        await().atMost(PATIENCE)
                .until(() -> List.of(services).stream().allMatch(one -> one.health().ready()));
    }

    /** Leaves requests of the model on every topic between the encoder and the pictures. */
    private String begin(ModelBundle model) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int line = 0; line < LINES; line++) {
            lines.append(
                    "{\"custom_id\":\"line-%d\",\"prompt\":\"a red heart\",\"candidates\":%d,\"top\":1}\n"
                            .formatted(line, CANDIDATES));
        }
        InputStream jsonl = new ByteArrayInputStream(lines.toString().getBytes(UTF_8));
        String job =
                ingest.api()
                        .jobs()
                        .submit(new CaptionUpload(jsonl, null, Map.of()), "http://localhost/")
                        .job()
                        .id();
        try (Service encoder =
                new EncoderService(
                        kafka, bucket, model.directory(), RegistrySettings.NONE, meters)) {
            start(encoder);
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    TopicReader.events(kafka, Topics.GENERATION_TASKS).size()
                                            == LINES);
        }
        try (Service generator =
                new GeneratorService(
                        kafka,
                        () -> new StandInDrawer(model.id(), Duration.ofMillis(300)),
                        CANDIDATES,
                        meters)) {
            start(generator);
            await().atMost(PATIENCE).until(() -> drawnRequests() >= DRAWN_BEFORE);
        }
        try (Service decoder = new DecoderService(kafka, bucket, model.directory(), meters)) {
            start(decoder);
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api().jobs().job(job).counts().completed()
                                            >= FINISHED_BEFORE);
        }
        return job;
    }

    private int drawnRequests() {
        Set<String> requests = new HashSet<>();
        TopicReader.events(kafka, Topics.TOKEN_GRIDS)
                .forEach(grids -> requests.add(grids.getRequest().getRequestId()));
        return requests.size();
    }

    private void finish(String job, ModelBundle model) {
        try (Service encoder =
                        new EncoderService(
                                kafka, bucket, model.directory(), RegistrySettings.NONE, meters);
                Service generator = new GeneratorService(kafka, model.directory(), 8, meters);
                Service decoder = new DecoderService(kafka, bucket, model.directory(), meters)) {
            start(encoder, generator, decoder);
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(job).status() == Job.Status.COMPLETED);
        }
    }

    private ResultFile result(String job, String customId) throws IOException {
        String name = "images/%s/result.json".formatted(Ids.requestId(job, customId));
        try (InputStream in = ingest.api().jobFiles().file(job, name)) {
            return ResultFile.parse(in.readAllBytes());
        }
    }
}
