package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.Service;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The model of every worker is another one in the middle of a job. */
class UpgradeBrokerTest {

    private static final Duration PATIENCE = ServicesInProcess.PATIENCE;
    private static final int LINES = 10;
    private static final int CANDIDATES = 4;
    private static final int DRAWN_BEFORE = 6;
    private static final int FINISHED_BEFORE = 2;

    @TempDir Path folder;

    private ServicesInProcess services;

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void whatTheFormerModelHasBegunIsDrawnAgainFromItsCaptions() throws Exception {
        ModelBundle former = TinyModel.write(folder.resolve("former"), 1, 1);
        ModelBundle next = TinyModel.write(folder.resolve("next"), 2, 2);
        try (ServicesInProcess opened = new ServicesInProcess(folder)) {
            services = opened;
            String job = begin(former);
            int finished = services.ingest.api().jobs().job(job).counts().completed();
            finish(job, next);

            assertThat(services.ingest.api().jobs().job(job).counts())
                    .isEqualTo(new Job.Counts(LINES, LINES, 0, 0, 0, 0));
            assertThat(TopicReader.records(services.kafka, Topics.DEAD_LETTERS)).isEmpty();
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
                services.ingest
                        .api()
                        .jobs()
                        .submit(new CaptionUpload(jsonl, null, Map.of()), null, "http://localhost/")
                        .job()
                        .id();
        try (Service encoder = services.encoder(model)) {
            services.start(encoder);
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    TopicReader.events(services.kafka, Topics.GENERATION_TASKS)
                                                    .size()
                                            == LINES);
        }
        try (Service generator =
                services.generator(
                        () -> new StandInDrawer(model.id(), Duration.ofMillis(300)), CANDIDATES)) {
            services.start(generator);
            await().atMost(PATIENCE).until(() -> drawnRequests() >= DRAWN_BEFORE);
        }
        try (Service decoder = services.decoder(model)) {
            services.start(decoder);
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    services.ingest.api().jobs().job(job).counts().completed()
                                            >= FINISHED_BEFORE);
        }
        return job;
    }

    private int drawnRequests() {
        Set<String> requests = new HashSet<>();
        TopicReader.events(services.kafka, Topics.TOKEN_GRIDS)
                .forEach(grids -> requests.add(grids.getRequest().getRequestId()));
        return requests.size();
    }

    private void finish(String job, ModelBundle model) {
        try (Service encoder = services.encoder(model);
                Service generator = services.generator(model, 8);
                Service decoder = services.decoder(model)) {
            services.start(encoder, generator, decoder);
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    services.ingest.api().jobs().job(job).status()
                                            == Job.Status.COMPLETED);
        }
    }

    private ResultFile result(String job, String customId) throws IOException {
        String name = "images/%s/result.json".formatted(Ids.requestId(job, customId));
        try (InputStream in = services.ingest.api().jobFiles().file(job, name)) {
            return ResultFile.parse(in.readAllBytes());
        }
    }
}
