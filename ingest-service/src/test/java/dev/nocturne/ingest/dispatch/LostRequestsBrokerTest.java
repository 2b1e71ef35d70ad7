package dev.nocturne.ingest.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.MovableClock;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Captions that vanish between ingest and the encoder, which is played here. */
class LostRequestsBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String THREE =
            "{\"prompt\":\"a\",\"seed\":7}\n{\"prompt\":\"b\"}\n{\"prompt\":\"c\"}\n";

    private final MovableClock clock = new MovableClock();
    private IngestService ingest;
    private Admin admin;

    @BeforeEach
    void start() {
        ingest = Ingest.service(kafka, store, new SimpleMeterRegistry(), clock);
        ingest.start();
        await().atMost(PATIENCE).until(() -> ingest.health().ready());
        admin = Admin.create(kafka.admin());
    }

    @AfterEach
    void close() {
        admin.close();
        ingest.close();
    }

    @Test
    void whatAGroupWasMovedPastIsSentAgainAsItWas() throws Exception {
        String id = submit();
        List<CaptionSubmitted> first = Published.await(Topics.CAPTIONS, kafka, 3);
        finish(JobStateTest.completed(id, "line-2", 1));
        awaitJob(id, job -> job.counts().completed() == 1);
        clock.ahead = Duration.ofMinutes(2);
        awaitLag(3);
        assertThat(Published.in(Topics.CAPTIONS, kafka)).as("they wait to be read").hasSize(3);

        moveEncoderToTheEnd();

        List<CaptionSubmitted> all = Published.await(Topics.CAPTIONS, kafka, 5);
        List<CaptionSubmitted> lost =
                first.stream().filter(one -> !one.getCustomId().equals("line-2")).toList();
        assertThat(all.subList(0, 5)).hasSize(5).containsAll(lost);
        assertThat(all)
                .filteredOn(lost::contains)
                .as("twice, and equal in all they say")
                .hasSize(4);
        assertThat(ingest.api().jobs().job(id).problem())
                .startsWith("2 of its requests have no result and are in no topic");
        assertThat(forgotten())
                .containsExactlyInAnyOrder(
                        Ids.key(id, Ids.requestId(id, "line-1")),
                        Ids.key(id, Ids.requestId(id, "line-3")));

        moveEncoderToTheEnd(); // as if it had read them
        finish(JobStateTest.completed(id, "line-1", 2));
        finish(JobStateTest.completed(id, "line-1", 3)); // the first was somewhere after all
        finish(JobStateTest.completed(id, "line-3", 4));
        Job job = awaitJob(id, one -> one.status() == Job.Status.COMPLETED);
        assertThat(job.counts()).isEqualTo(new Job.Counts(3, 3, 0, 0, 0, 0));
        assertThat(job.problem()).isNull();
    }

    @Test
    void resultsThatAreGoneFromTheLogBringTheirRequestsBack() throws Exception {
        String id = submit();
        Published.await(Topics.CAPTIONS, kafka, 3);
        finish(JobStateTest.completed(id, "line-1", 1));
        finish(JobStateTest.completed(id, "line-2", 1));
        awaitJob(id, job -> job.counts().completed() == 2);
        deleteAll(Topics.RESULTS.name());
        moveEncoderToTheEnd();
        finish(JobStateTest.completed(id, "line-3", 1));

        awaitJob(id, job -> job.counts().completed() == 1);
        clock.ahead = Duration.ofMinutes(2);
        assertThat(Published.await(Topics.CAPTIONS, kafka, 5))
                .extracting(CaptionSubmitted::getCustomId)
                .containsOnlyOnce("line-3");
        finish(JobStateTest.completed(id, "line-1", 2));
        finish(JobStateTest.completed(id, "line-2", 2));
        Job job = awaitJob(id, one -> one.status() == Job.Status.COMPLETED);
        assertThat(job.counts()).isEqualTo(new Job.Counts(3, 3, 0, 0, 0, 0));
    }

    @Test
    void aJobThatCameThroughKafkaSaysWhatItLacks() {
        String id = "job-of-another";
        producer.send(
                new ProducerRecord<>(
                        Topics.JOBS.name(),
                        id.getBytes(UTF_8),
                        EventCodec.encode(
                                new JobSubmitted(
                                        id, 2, Instant.parse("2026-03-01T12:00:00Z"), null))));
        producer.flush();
        await().atMost(PATIENCE).until(() -> ingest.api().jobs().jobs().size() == 1);
        clock.ahead = Duration.ofMinutes(2);
        awaitJob(
                id,
                job ->
                        job.problem() != null
                                && job.problem().endsWith("publish their captions again"));
        assertThat(ingest.health().ready()).isTrue();
    }

    private String submit() throws Exception {
        return ingest.api()
                .jobs()
                .submit(
                        new CaptionUpload(
                                new ByteArrayInputStream(THREE.getBytes(UTF_8)), null, Map.of()),
                        null,
                        "http://localhost/")
                .job()
                .id();
    }

    private Job awaitJob(String id, Predicate<Job> condition) {
        return await().atMost(PATIENCE).until(() -> ingest.api().jobs().job(id), condition);
    }

    private void awaitLag(long lag) {
        await().atMost(PATIENCE)
                .ignoreExceptionsInstanceOf(IngestException.class)
                .until(
                        () ->
                                ingest.api()
                                                .lag()
                                                .latest()
                                                .measuredAt()
                                                .isAfter(clock.instant().minusSeconds(8))
                                        && ingest.api().lag().latest().stages().stream()
                                                .anyMatch(
                                                        stage ->
                                                                stage.stage().equals("encoder")
                                                                        && stage.lag() >= lag));
    }

    private void moveEncoderToTheEnd() throws Exception {
        Map<TopicPartition, OffsetAndMetadata> ends = new HashMap<>();
        for (var end : offsets(Topics.CAPTIONS.name()).entrySet()) {
            ends.put(end.getKey(), new OffsetAndMetadata(end.getValue()));
        }
        admin.alterConsumerGroupOffsets("encoder", ends).all().get();
    }

    private void deleteAll(String topic) throws Exception {
        Map<TopicPartition, RecordsToDelete> all = new HashMap<>();
        offsets(topic).forEach((key, end) -> all.put(key, RecordsToDelete.beforeOffset(end)));
        admin.deleteRecords(all).all().get();
    }

    private Map<TopicPartition, Long> offsets(String topic) throws Exception {
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        for (var partition : producer.partitionsFor(topic)) {
            ends.put(new TopicPartition(topic, partition.partition()), OffsetSpec.latest());
        }
        Map<TopicPartition, Long> offsets = new HashMap<>();
        admin.listOffsets(ends).all().get().forEach((key, end) -> offsets.put(key, end.offset()));
        return offsets;
    }

    private List<String> forgotten() {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.consumer())) {
            consumer.assign(Published.partitions(Topics.SCORED_GRIDS, consumer));
            consumer.seekToBeginning(consumer.assignment());
            List<String> keys = new ArrayList<>();
            await().atMost(PATIENCE)
                    .until(
                            () -> {
                                for (ConsumerRecord<byte[], byte[]> record :
                                        consumer.poll(Duration.ofMillis(100))) {
                                    assertThat(record.value()).isNull();
                                    keys.add(new String(record.key(), UTF_8));
                                }
                                return keys.size() >= 2;
                            });
            return keys;
        }
    }
}
