package dev.nocturne.ingest.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.archive.JobFile;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.result.RequestFilter;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Sha256;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Captions that came one by one have their result and pictures in the bucket, nothing else. */
class SingleCaptionBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String API = "http://localhost/";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final RequestFilter ALL = new RequestFilter(null, null);

    private IngestService ingest;

    @BeforeEach
    void start() {
        ingest = Ingest.service(kafka, store, new SimpleMeterRegistry(), Clock.systemUTC());
        ingest.start();
        await().atMost(PATIENCE).until(() -> ingest.health().ready());
    }

    @AfterEach
    void close() {
        ingest.close();
    }

    @Test
    void aPaintedCaptionHasAllThatOthersHaveAndNoObjectMore() throws Exception {
        RequestFinished painted = JobStateTest.completed("job-1", "fox", 1);
        RequestResult told = RequestResult.of(painted);
        byte[] result = "{\"ranking\":[]}".getBytes(UTF_8);
        String resultKey = ResultFile.key("job-1", told.requestId());
        store.put(resultKey, result, "application/json");
        paint("job-1", painted);
        awaitClosed("job-1");

        assertThat(store.objects.keySet()).containsExactly(resultKey);
        assertThat(ingest.api().jobFiles().files("job-1")).isEmpty();
        JsonNode manifest = JSON.readTree(ingest.api().jobFiles().file("job-1", "manifest.json"));
        assertThat(manifest.get("total").intValue()).isEqualTo(1);
        assertThat(manifest.get("completed").intValue()).isEqualTo(1);
        String folder = "images/" + told.requestId() + "/";
        assertThat(JSON.treeToValue(manifest.get("files"), JobFile[].class))
                .containsExactly(
                        new JobFile(folder + "1.png", 1234, "00ff"),
                        new JobFile(folder + "result.json", result.length, Sha256.hex(result)));
        ByteArrayOutputStream links = new ByteArrayOutputStream();
        ingest.api().jobFiles().links("job-1", null).write(links);
        assertThat(links.toString(UTF_8))
                .hasLineCount(2)
                .contains("http://store/" + resultKey, folder + "1.png");
        assertThat(ingest.api().results().requests("job-1", ALL, null, 9)).containsExactly(told);
        Job child =
                ingest.api().followUps().rerank("job-1", JSON.readTree("{\"top\":1}"), null, API);
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(child.id()).counts().total() == 1);
        assertThat(store.objects.keySet()).doesNotContain(JobKeys.manifestKey("job-1"));
    }

    @Test
    void aFailedCaptionLeavesNothingAndAnOpenOneHasNoManifest() throws Exception {
        publishSubmitted("job-2");
        await().atMost(PATIENCE).until(() -> isKnown("job-2"));
        assertThatThrownBy(() -> ingest.api().jobFiles().files("job-2"))
                .isInstanceOf(IngestException.class)
                .hasMessageContaining("has no manifest");

        publishFinished("job-2", JobStateTest.failed("job-2", "fox", 1));
        awaitClosed("job-2");
        JsonNode manifest = JSON.readTree(ingest.api().jobFiles().file("job-2", "manifest.json"));
        assertThat(manifest.get("failed").intValue()).isEqualTo(1);
        assertThat(manifest.get("files")).isEmpty();
        assertThat(store.objects).isEmpty();
    }

    @Test
    void whatAnOlderVersionHasLeftStays() throws Exception {
        String key = JobKeys.manifestKey("job-3");
        store.put(key, "{\"files\":[]}".getBytes(UTF_8), "application/json");
        paint("job-3", JobStateTest.completed("job-3", "fox", 1));
        awaitClosed("job-3");
        assertThat(ingest.api().jobFiles().file("job-3", "manifest.json"))
                .hasContent("{\"files\":[]}");
    }

    /** A transaction leaves a mark in each partition that it writes to. */
    @Test
    void manyAreClosedInFewTransactions() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            ids.add("job-many-%d".formatted(i));
        }
        ids.forEach(this::publishSubmitted);
        ids.forEach(id -> publishFinished(id, JobStateTest.failed(id, "fox", 1)));
        await().atMost(PATIENCE).until(() -> closed() == ids.size());

        // brokers write the marks a moment after they have answered
        await().atMost(PATIENCE)
                .until(() -> Published.in(Topics.JOB_EVENTS, kafka).size() == ids.size());
        assertThat(ends() - ids.size()).as("marks").isLessThan(ids.size() / 2);
    }

    private long closed() {
        return ingest.api().jobs().jobs().stream()
                .filter(job -> job.id().startsWith("job-many-") && job.status().isTerminal())
                .count();
    }

    private long ends() {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.consumer())) {
            List<TopicPartition> all = Published.partitions(Topics.JOB_EVENTS, consumer);
            return consumer.endOffsets(all).values().stream().mapToLong(end -> end).sum();
        }
    }

    private void paint(String id, RequestFinished result) {
        publishSubmitted(id);
        publishFinished(id, result);
    }

    private void publishSubmitted(String id) {
        JobSubmitted event = new JobSubmitted(id, 1, Instant.EPOCH, "a fox");
        producer.send(
                new ProducerRecord<>(
                        Topics.JOBS.name(), id.getBytes(UTF_8), EventCodec.encode(event)));
    }

    private void publishFinished(String id, RequestFinished result) {
        producer.send(
                new ProducerRecord<>(
                        Topics.RESULTS.name(),
                        Ids.key(id, result.getRequest().getRequestId()).getBytes(UTF_8),
                        EventCodec.encode(result)));
    }

    private boolean isKnown(String id) {
        return ingest.api().jobs().jobs().stream().anyMatch(job -> job.id().equals(id));
    }

    private void awaitClosed(String id) {
        await().atMost(PATIENCE)
                .until(
                        () ->
                                isKnown(id)
                                        && ingest.api().jobs().job(id).status()
                                                == Job.Status.COMPLETED);
    }
}
