package dev.nocturne.ingest.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Jobs that are over leave the log and stay in every answer. */
class SummariesBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration AT_ONCE = Duration.ofMillis(1);
    private static final Instant START = Instant.parse("2026-01-01T20:00:00Z");
    private static final String BATCH = "batch_1";
    private static final String OPEN = "caption-open";

    @BeforeEach
    void createTopics() {
        TopicAdmin.createMissing(kafka);
    }

    private IngestService service(Duration jobRetention, String state) {
        IngestService ingest =
                new IngestService(
                        kafka,
                        () -> store,
                        WebhookSettings.NONE,
                        RegistrySettings.NONE,
                        new IngestLimits(
                                1_000,
                                0,
                                null,
                                jobRetention,
                                AT_ONCE,
                                List.of(),
                                folder.resolve(state)),
                        SpoolFolder.open(folder.resolve("spool")),
                        new SimpleMeterRegistry(),
                        Clock.systemUTC());
        ingest.start();
        await().atMost(PATIENCE).until(() -> ingest.health().ready());
        return ingest;
    }

    private void submit(String id, int total, int second) {
        send(Topics.JOBS, id, new JobSubmitted(id, total, START.plusSeconds(second), "a fox"));
    }

    private void happen(String id, int second, Object change) {
        send(Topics.JOB_EVENTS, id, new JobEvent(id, START.plusSeconds(second), change));
    }

    /** What an older version has left: three captions, a job of two lines, and one that goes on. */
    private void writeHistory() {
        for (int i = 1; i <= 3; i++) {
            String id = "caption-" + i;
            submit(id, 1, i);
            finish(JobStateTest.completed(id, "a", i + 1));
            happen(
                    id,
                    i + 2,
                    new dev.nocturne.events.JobClosed(1, 0, 0, 0, START.plusSeconds(i + 1)));
        }
        happen(BATCH, 4, JobStateTest.created("file-1", START.plusSeconds(86_400)));
        submit(BATCH, 2, 5);
        finish(JobStateTest.completed(BATCH, "a", 6));
        finish(JobStateTest.failed(BATCH, "b", 7));
        happen(BATCH, 8, new dev.nocturne.events.JobClosed(1, 1, 0, 0, START.plusSeconds(7)));
        submit(OPEN, 1, 9);
        producer.flush();
    }

    private Map<String, JobSummary> summaries() {
        return Published.in(Topics.JOB_SUMMARIES, kafka).stream()
                .collect(
                        Collectors.toMap(
                                JobSummary::getJobId, one -> one, (before, after) -> after));
    }

    /** Records that are there, of all partitions. */
    private long records(Topic<?> topic) {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.consumer())) {
            List<TopicPartition> partitions = Published.partitions(topic, consumer);
            Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(partitions);
            return consumer.endOffsets(partitions).entrySet().stream()
                    .mapToLong(end -> end.getValue() - beginnings.get(end.getKey()))
                    .sum();
        }
    }

    @Test
    void aLogOfAnOlderVersionIsSummedUpAndTrimmedAndNothingIsLost() {
        writeHistory();
        List<String> ids = List.of(OPEN, BATCH, "caption-3", "caption-2", "caption-1");
        List<Job> before;
        List<?> results;
        try (IngestService ingest = service(null, "state")) {
            await().atMost(PATIENCE)
                    .until(() -> summaries().size() == 4 && records(Topics.RESULTS) == 0);
            await().atMost(PATIENCE).until(() -> records(Topics.JOBS) == 1);
            before = ingest.api().jobs().jobs();
            assertThat(before).extracting(Job::id).isEqualTo(ids);
            assertThat(before.subList(1, 5))
                    .extracting(Job::status)
                    .containsOnly(Job.Status.COMPLETED);
            results = requests(ingest, BATCH);
            assertThat(results).hasSize(2);
            assertThat(requests(ingest, "caption-2")).hasSize(1);
        }
        try (IngestService again = service(null, "state")) {
            assertThat(again.api().jobs().jobs().subList(1, 5)).isEqualTo(before.subList(1, 5));
            finish(JobStateTest.completed(OPEN, "a", 20));
            producer.flush();
            await().atMost(PATIENCE)
                    .until(() -> again.api().jobs().job(OPEN).status() == Job.Status.COMPLETED);
            await().atMost(PATIENCE).until(() -> records(Topics.JOBS) == 0);
        }
        try (IngestService anew = service(null, "another-state")) {
            assertThat(anew.api().jobs().jobs()).extracting(Job::id).isEqualTo(ids);
            assertThat(anew.api().jobs().jobs().subList(1, 5)).isEqualTo(before.subList(1, 5));
            assertThat(requests(anew, BATCH)).isEqualTo(results);
        }
    }

    private static List<?> requests(IngestService ingest, String job) {
        return ingest.api()
                .results()
                .requests(job, new dev.nocturne.ingest.result.RequestFilter(null, null), null, 10);
    }

    @Test
    void jobsWhoseTimeIsOverLeaveTheBucketTheLogAndTheLists() {
        writeHistory();
        IntStream.rangeClosed(1, 3)
                .mapToObj(i -> JobStateTest.completed("caption-" + i, "a", 1))
                .forEach(
                        result ->
                                store.put(
                                        result.getImages().get(0).getKey(),
                                        new byte[1],
                                        "image/png"));
        try (IngestService ingest = service(AT_ONCE, "state")) {
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () ->
                                    assertThat(ingest.api().jobs().jobs())
                                            .extracting(Job::id)
                                            .containsExactly(OPEN));
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () ->
                                    assertThat(summaries().values())
                                            .hasSize(4)
                                            .allSatisfy(
                                                    summary ->
                                                            assertThat(summary.getDeletedAt())
                                                                    .isNotNull()));
            await().atMost(PATIENCE).until(() -> records(Topics.JOB_EVENTS) == 0);
            assertThat(store.list("jobs/")).isEmpty();
            assertThatExceptionOfType(IngestException.class)
                    .isThrownBy(() -> ingest.api().jobs().job("caption-1"))
                    .withMessageContaining("deleted");
        }
        try (IngestService again = service(null, "another-state")) {
            assertThat(again.api().jobs().jobs()).extracting(Job::id).containsExactly(OPEN);
        }
    }
}
