package dev.nocturne.ingest.job;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.Failure;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class JobLogBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    private IngestService service() {
        IngestService ingest = Ingest.service(kafka, store, meters, Clock.systemUTC());
        ingest.start();
        await().atMost(PATIENCE).until(() -> ingest.health().ready());
        return ingest;
    }

    @Test
    void recordsThatNoServiceWritesAreSkippedAndCountedAndTheStartGoesOn() {
        TopicAdmin.createMissing(kafka);
        JobCreated good = JobStateTest.created("file-1", NOW.plusSeconds(60));
        List<JobSubmitted> jobs =
                List.of(
                        new JobSubmitted("../etc", 1, NOW, null),
                        new JobSubmitted("job-none", 0, NOW, null),
                        new JobSubmitted("job-huge", 2_000_000_000, NOW, null),
                        new JobSubmitted(
                                "job-late", 1, Instant.ofEpochMilli(Long.MAX_VALUE), null));
        List<Object> changes =
                List.of(
                        JobCreated.newBuilder(good).setWindow("all night").build(),
                        JobCreated.newBuilder(good).setCompletionWindow("soon").build(),
                        JobCreated.newBuilder(good).setInputFileId("../x").build(),
                        JobCreated.newBuilder(good).setIdempotencyKey("key").build(),
                        new JobReleased(-1, 2, 3L));
        RequestFinished result = JobStateTest.completed("job-1", "intruder", 1);
        StoredImage image = result.getImages().get(0);
        List<RequestFinished> results =
                List.of(
                        RequestFinished.newBuilder(result).setStatus(RequestStatus.FAILED).build(),
                        RequestFinished.newBuilder(result)
                                .setFailure(new Failure("c", "s", "m", null, null))
                                .build(),
                        RequestFinished.newBuilder(result)
                                .setImages(
                                        List.of(StoredImage.newBuilder(image).setKey("x").build()))
                                .build(),
                        RequestFinished.newBuilder(result)
                                .setImages(
                                        List.of(
                                                StoredImage.newBuilder(image)
                                                        .setScore(Float.NaN)
                                                        .build()))
                                .build());
        jobs.forEach(event -> send(Topics.JOBS, event.getJobId(), event));
        changes.forEach(
                change -> send(Topics.JOB_EVENTS, "batch_x", new JobEvent("batch_x", NOW, change)));
        results.forEach(this::finish);
        send(Topics.RESULTS, null, result); // by its key it would be found again
        producer.send(new ProducerRecord<>(Topics.JOB_EVENTS.name(), null));
        send(Topics.JOBS, "job-1", new JobSubmitted("job-1", 2, NOW, null));
        finish(JobStateTest.completed("job-1", "a", 1));
        finish(JobStateTest.completed("job-1", "b", 1));
        producer.flush();

        try (IngestService ingest = service()) {
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job("job-1").status() == Job.Status.COMPLETED);
            assertThat(ingest.api().jobs().job("job-1").counts())
                    .isEqualTo(new Job.Counts(2, 2, 0, 0, 0, 0));
            assertThat(ingest.api().jobs().jobs()).hasSize(1);
            assertThat(skipped(Topics.JOBS)).isEqualTo(4);
            assertThat(skipped(Topics.JOB_EVENTS)).isEqualTo(6);
            assertThat(skipped(Topics.RESULTS)).isEqualTo(5);
        }
    }

    private double skipped(Topic<?> topic) {
        return meters.get("nocturne.records.skipped").tag("topic", topic.name()).counter().count();
    }

    @Test
    void howMuchOfALongHistoryIsReadIsToldOnTheWay() throws Exception {
        TopicAdmin.createMissing(kafka);
        for (int i = 0; i < 3_000; i++) {
            finish(JobStateTest.completed("job-1", "line-" + i, 1));
        }
        producer.flush();
        List<JobLog.Progress> told = new ArrayList<>();
        try (JobLog log =
                new JobLog(kafka, JobIndex.inMemory(), new Results(), new SkippedRecords(meters))) {
            log.follow(told::add, log::stop);
        }
        assertThat(told).hasSizeGreaterThan(3);
        assertThat(told).extracting(JobLog.Progress::total).containsOnly(3_000L);
        assertThat(told).extracting(JobLog.Progress::read).isSorted().endsWith(3_000L);
        assertThat(new JobLog.Progress("the job log", 750, 3_000))
                .hasToString("reading the job log: 750 of 3000 records (25 %)");
    }

    /** The results that it has read, by partition and request. */
    private static final class Results implements JobLog.Listener {
        final ConcurrentLinkedQueue<String> requests = new ConcurrentLinkedQueue<>();
        final Set<Integer> partitions = new HashSet<>();

        @Override
        public void read(JobSubmitted event, Place place) {}

        @Override
        public void read(JobEvent event, Place place) {}

        @Override
        public void read(JobSummary summary) {}

        @Override
        public void forget(String jobId) {}

        @Override
        public void readTo(Map<TopicPartition, Long> next) {}

        @Override
        public void read(BundleDeployed event) {}

        @Override
        public void read(RequestFinished event, int partition, long offset) {
            requests.add(event.getRequest().getCustomId());
            partitions.add(partition);
        }
    }

    @Test
    void partitionsThatAreAddedMeanwhileAreRead() throws Exception {
        TopicAdmin.createMissing(kafka);
        Results results = new Results();
        JobLog log = new JobLog(kafka, JobIndex.inMemory(), results, new SkippedRecords(meters));
        Thread reader = new Thread(() -> log.follow(progress -> {}, () -> {}));
        reader.start();
        try (Admin admin = Admin.create(kafka.admin())) {
            log.caughtUp().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            admin.createPartitions(Map.of(Topics.RESULTS.name(), NewPartitions.increaseTo(9)))
                    .all()
                    .get();
            RequestFinished event = JobStateTest.completed("job-1", "new", 1);
            String key = Ids.key("job-1", event.getRequest().getRequestId());
            await().atMost(PATIENCE)
                    .until(() -> producer.partitionsFor(Topics.RESULTS.name()).size() >= 6);
            producer.send(
                    new ProducerRecord<>(
                            Topics.RESULTS.name(),
                            8,
                            key.getBytes(UTF_8),
                            EventCodec.encode(event)));
            producer.flush();
            await().atMost(Duration.ofMinutes(1)).until(() -> results.requests.contains("new"));
        } finally {
            log.stop();
            reader.join();
            log.close();
        }
    }

    @Test
    void whoWaitsForALogThatNobodyReadsLearnsItAtOnce() {
        JobLog log =
                new JobLog(
                        new KafkaSettings(kafka.bootstrapServers(), Map.of()),
                        JobIndex.inMemory(),
                        new Results(),
                        new SkippedRecords(meters));
        var before = log.caughtUp();
        log.close();
        for (var barrier : List.of(before, log.caughtUp())) {
            assertThat(barrier).isDone();
            assertThatThrownBy(barrier::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasMessageContaining("the job log is closed");
        }
    }
}
