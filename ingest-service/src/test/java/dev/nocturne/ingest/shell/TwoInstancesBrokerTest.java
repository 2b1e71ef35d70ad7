package dev.nocturne.ingest.shell;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two ingest-services on one broker and one bucket: one leads, both answer. */
class TwoInstancesBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Map<IngestService, SimpleMeterRegistry> meters = new HashMap<>();
    private IngestService leader;
    private IngestService follower;

    @BeforeEach
    void startBoth() {
        TopicAdmin.createMissing(kafka);
        leader = start();
        await().atMost(PATIENCE).until(() -> leads(leader));
        follower = start();
    }

    @AfterEach
    void closeBoth() {
        meters.keySet().forEach(IngestService::close);
    }

    private IngestService start() {
        SimpleMeterRegistry own = new SimpleMeterRegistry();
        IngestService service = Ingest.service(kafka, store, own, Clock.systemUTC());
        meters.put(service, own);
        service.start();
        await().atMost(PATIENCE).until(() -> service.health().ready());
        return service;
    }

    private boolean leads(IngestService service) {
        return meters.get(service).get("nocturne.ingest.leading").gauge().value() == 1;
    }

    @Test
    void aJobOfTheFollowerIsStartedByTheLeaderAndClosedByTheNext() throws IOException {
        assertThat(leads(follower)).isFalse();
        assertThat(follower.health().message()).contains("it does not lead");

        Job job = submit(follower, "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}");

        assertThat(job.status()).isEqualTo(Job.Status.IN_PROGRESS);
        assertThat(job.counts().total()).isEqualTo(2);
        assertThat(Published.await(Topics.CAPTIONS, kafka, 2)).hasSize(2);
        leader.close();
        await().atMost(PATIENCE).until(() -> leads(follower));
        finish(job.id(), "line-1");
        finish(job.id(), "line-2");
        await().atMost(PATIENCE)
                .until(() -> follower.api().jobs().job(job.id()).status() == Job.Status.COMPLETED);
        assertThat(Published.in(Topics.CAPTIONS, kafka))
                .extracting(CaptionSubmitted::getCustomId)
                .containsExactlyInAnyOrder("line-1", "line-2");
    }

    @Test
    void bothEstimateWhenAJobWillBeFinished() throws IOException {
        Job job = submit(follower, "{\"prompt\":\"a\"}\n".repeat(3));
        Published.await(Topics.CAPTIONS, kafka, 3);
        finish(job.id(), "line-1", Instant.now());

        await().atMost(PATIENCE)
                .until(
                        () ->
                                Stream.of(leader, follower)
                                        .map(one -> one.api().jobs().job(job.id()))
                                        .allMatch(one -> one.estimatedFinish() != null));
    }

    @Test
    void aKeyIsOneJobsOverBoth() throws Exception {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"prompt\":\"a\"}");
        String fileId = leader.api().files().upload("a.jsonl", "batch", file).id();
        int callers = 50;
        CountDownLatch all = new CountDownLatch(callers);
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        List<Future<Batch>> answers = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            IngestService asked = i % 2 == 0 ? leader : follower;
            answers.add(
                    threads.submit(
                            () -> {
                                all.countDown();
                                all.await();
                                return create(asked, fileId, "key", Map.of());
                            }));
        }
        List<String> ids = new ArrayList<>();
        for (Future<Batch> answer : answers) {
            ids.add(answer.get().id());
        }
        threads.shutdown();

        assertThat(ids).hasSize(callers).containsOnly(ids.get(0));
        for (IngestService asked : List.of(leader, follower)) {
            assertThat(asked.api().jobs().jobs()).hasSize(1);
            assertThatExceptionOfType(IngestException.class)
                    .isThrownBy(() -> create(asked, fileId, "key", Map.of("a", "b")))
                    .withMessageContaining("came before with another request");
        }
        Published.await(Topics.CAPTIONS, kafka, 1);
        finish(ids.get(0), "line-1");
        await().atMost(PATIENCE)
                .until(
                        () ->
                                follower.api().batches().batch(ids.get(0)).status()
                                        == Job.Status.COMPLETED);
        assertThat(create(start(), fileId, "key", Map.of()).id())
                .as("by one that has read it all")
                .isEqualTo(ids.get(0));
        assertThat(Published.in(Topics.CAPTIONS, kafka)).hasSize(1);
    }

    @Test
    void aKeyIsOneJobsAlsoWhereTheCaptionsComeWithIt() throws IOException {
        Job first = submit(follower, "{\"prompt\":\"a\"}", "key");

        assertThat(submit(leader, "{\"prompt\":\"a\"}", "key").id()).isEqualTo(first.id());
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(() -> submit(leader, "{\"prompt\":\"b\"}", "key"))
                .withMessageContaining("came before with another request");
        assertThat(submit(leader, "{\"prompt\":\"b\"}").id()).isNotEqualTo(first.id());
        assertThat(leader.api().jobs().jobs()).hasSize(2);
        assertThat(Published.await(Topics.CAPTIONS, kafka, 2)).hasSize(2);
    }

    private static Batch create(
            IngestService ingest, String fileId, String key, Map<String, String> metadata) {
        ObjectNode body =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("input_file_id", fileId)
                        .put("endpoint", "/v1/images/generations")
                        .put("completion_window", "24h");
        metadata.forEach(body.putObject("metadata")::put);
        return ingest.api().batches().create(body, key, "http://localhost/");
    }

    private static Job submit(IngestService ingest, String lines) throws IOException {
        return submit(ingest, lines, null);
    }

    private static Job submit(IngestService ingest, String lines, String key) throws IOException {
        return ingest.api()
                .jobs()
                .submit(
                        new CaptionUpload(
                                new ByteArrayInputStream(lines.getBytes(UTF_8)), null, Map.of()),
                        key,
                        "http://localhost/")
                .job();
    }

    private void finish(String jobId, String customId) {
        finish(jobId, customId, Instant.EPOCH);
    }

    private void finish(String jobId, String customId, Instant at) {
        RequestFinished result =
                RequestFinished.newBuilder(JobStateTest.completed(jobId, customId, 1))
                        .setFinishedAt(at)
                        .build();
        producer.send(
                new ProducerRecord<>(
                        Topics.RESULTS.name(),
                        Ids.key(jobId, Ids.requestId(jobId, customId)).getBytes(UTF_8),
                        EventCodec.encode(result)));
        producer.flush();
    }
}
