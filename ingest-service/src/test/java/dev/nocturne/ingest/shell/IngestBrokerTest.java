package dev.nocturne.ingest.shell;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.lag.LagReport.LaneLag;
import dev.nocturne.ingest.lag.LagReport.PartitionLag;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IngestBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private KafkaProducer<byte[], byte[]> transactions;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @BeforeEach
    void start() {
        transactions = new KafkaProducer<>(kafka.transactionalProducer("test"));
        transactions.initTransactions();
    }

    @AfterEach
    void close() {
        transactions.close();
    }

    private IngestService service() {
        IngestService service = Ingest.service(kafka, store, meters, Clock.systemUTC());
        service.start();
        await().atMost(PATIENCE).until(() -> service.health().ready());
        return service;
    }

    @Test
    void aJobFromSubmissionToManifestAndOnAfterARestart() throws IOException {
        String id;
        byte[] manifest;
        try (IngestService ingest = service()) {
            Job job = submit(ingest, "{\"prompt\":\"a\"}\n{\"prompt\":\"b\",\"custom_id\":\"x\"}");
            id = job.id();
            assertThat(job.counts()).isEqualTo(new Job.Counts(2, 0, 0, 0, 0, 2));
            assertThat(Published.await(Topics.CAPTIONS, kafka, 2))
                    .extracting(CaptionSubmitted::getCustomId, CaptionSubmitted::getCaption)
                    .containsExactlyInAnyOrder(tuple("line-1", "a"), tuple("x", "b"));

            finishInTransaction(JobStateTest.completed(id, "x", 1));
            finishInTransaction(JobStateTest.completed(id, "x", 2));
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(id).counts().completed() == 1);
            assertThat(customIds(ingest, id)).containsExactly("x");

            store.refusals.set(1);
            finishInTransaction(JobStateTest.failed(id, "line-1", 3));
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(id).status() == Job.Status.COMPLETED);
            manifest = store.get(JobKeys.manifestKey(id));
            JsonNode json = new ObjectMapper().readTree(manifest);
            assertThat(json.get("total").intValue()).isEqualTo(2);
            assertThat(json.get("completed").intValue()).isEqualTo(1);
            assertThat(json.get("finished_at").textValue()).isEqualTo("2026-01-01T20:00:03Z");
            assertThat(json.get("files").findValuesAsText("name"))
                    .containsExactly(
                            "input.jsonl",
                            "output.jsonl",
                            "errors.jsonl",
                            "results.jsonl",
                            "index.html",
                            "images/%s/1.png".formatted(Ids.requestId(id, "x")));
            assertThat(customIds(ingest, id)).containsExactlyInAnyOrder("line-1", "x");
        }
        try (IngestService ingest = service()) {
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(id).status() == Job.Status.COMPLETED);
            assertThat(ingest.api().jobs().jobs())
                    .extracting(Job::id, Job::counts)
                    .containsExactly(tuple(id, new Job.Counts(2, 1, 1, 0, 0, 0)));
            assertThat(store.get(JobKeys.manifestKey(id))).isEqualTo(manifest);
            assertThat(customIds(ingest, id)).hasSize(2);
        }
    }

    @Test
    void nothingOfABadFileIsSubmitted() {
        try (IngestService ingest = service()) {
            assertThatThrownBy(() -> submit(ingest, "{\"prompt\":\"a\"}\nnonsense"))
                    .isInstanceOf(IngestException.class);
            assertThatThrownBy(() -> ingest.api().jobs().job("job-0"))
                    .isInstanceOf(IngestException.class)
                    .hasMessage("job 'job-0' is not known: GET /v1/jobs lists all");

            assertThat(ingest.api().jobs().jobs()).isEmpty();
            assertThat(captions()).isEmpty();
        }
    }

    @Test
    void aPoisonRecordInTheLogIsSkipped() {
        try (IngestService ingest = service()) {
            transactions.beginTransaction();
            transactions.send(new ProducerRecord<>(Topics.JOBS.name(), new byte[] {1, 2, 3}));
            transactions.commitTransaction();
            String id = submit(ingest, "{\"prompt\":\"a\"}").id();
            finishInTransaction(JobStateTest.completed(id, "line-1", 1));

            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(id).status() == Job.Status.COMPLETED);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void lagIsTrueWhileAStageWorksAndZeroWhenItIsDrained() throws IOException {
        try (IngestService ingest = service();
                KafkaConsumer<byte[], byte[]> encoder =
                        new KafkaConsumer<>(kafka.consumer("encoder"))) {
            submit(ingest, "{\"prompt\":\"a\",\"candidates\":1,\"top\":1}\n".repeat(40));

            awaitLag(ingest, lag -> lag.lag() >= 40 && lag.lagSeconds() > 0);
            assertThat(encoderLag(ingest).partitions())
                    .hasSize(12)
                    .allSatisfy(partition -> assertThat(partition.committed()).isNull());
            assertThat(sumLagGauge()).isEqualTo(encoderLag(ingest).lag().doubleValue());
            await().atMost(PATIENCE).until(() -> encodersWanted() == 1);

            encoder.subscribe(List.of(Topics.CAPTIONS.name()));
            Map<TopicPartition, OffsetAndMetadata> read = new HashMap<>();
            AtomicInteger records = new AtomicInteger();
            await().atMost(PATIENCE)
                    .until(
                            () -> {
                                for (ConsumerRecord<byte[], byte[]> record :
                                        encoder.poll(Duration.ofMillis(100))) {
                                    records.incrementAndGet();
                                    // just behind the record, and so before the marker
                                    read.put(
                                            new TopicPartition(record.topic(), record.partition()),
                                            new OffsetAndMetadata(record.offset() + 1));
                                }
                                return records.get() == 40;
                            });
            transactions.beginTransaction();
            transactions.sendOffsetsToTransaction(read, encoder.groupMetadata());
            transactions.commitTransaction();

            awaitLag(ingest, lag -> lag.lag() == 0 && lag.lagSeconds() == 0);
            StageLag drained = encoderLag(ingest);
            assertThat(drained.drainSeconds()).isZero();
            assertThat(drained.ratePerSecond()).isPositive();
            assertThat(drained.partitions())
                    .filteredOn(partition -> partition.committed() != null)
                    .isNotEmpty()
                    .allSatisfy(
                            partition ->
                                    assertThat(partition.logEnd())
                                            .as("the marker")
                                            .isGreaterThan(partition.committed()));
            assertThat(sumLagGauge()).isZero();
            await().atMost(PATIENCE).until(() -> encodersWanted() == 0);

            transactions.beginTransaction();
            transactions.send(new ProducerRecord<>(Topics.CAPTIONS.name(), new byte[] {1}));
            transactions.flush();
            transactions.abortTransaction();
            long markers = drained.partitions().stream().mapToLong(PartitionLag::logEnd).sum();
            awaitLag(
                    ingest,
                    lag ->
                            lag.partitions().stream().mapToLong(PartitionLag::logEnd).sum()
                                    > markers);
            assertThat(encoderLag(ingest).lag()).isZero();

            ingest.api()
                    .images()
                    .paint(
                            JsonNodeFactory.instance.objectNode().put("prompt", "a"),
                            "http://localhost/");
            awaitLag(ingest, lag -> lag.lag() == 1 && lag.lagSeconds() > 0);
            assertThat(encoderLag(ingest).lanes())
                    .extracting(LaneLag::lane, LaneLag::topic, LaneLag::lag)
                    .containsExactly(
                            tuple("interactive", "captions.interactive", 1L),
                            tuple("bulk", "captions", 0L));
            assertThat(encoderLag(ingest).partitions())
                    .filteredOn(partition -> partition.lag() > 0)
                    .extracting(PartitionLag::topic)
                    .containsExactly("captions.interactive");
        }
    }

    @Test
    void captionsInJsonBecomeCaptionsAndWhatIsNoneADeadLetter() {
        try (IngestService ingest = service();
                KafkaConsumer<byte[], byte[]> letters =
                        new KafkaConsumer<>(kafka.consumer("letters"))) {
            transactions.beginTransaction();
            for (String value :
                    List.of(
                            "{\"custom_id\":\"x\",\"prompt\":\"a dog\"}",
                            "a dog",
                            "{\"prompt\":\"a cat\"}")) {
                transactions.send(
                        new ProducerRecord<>(Topics.CAPTIONS_JSON.name(), value.getBytes(UTF_8)));
            }
            transactions.commitTransaction();

            await().atMost(PATIENCE).until(() -> captions().size() == 2);
            assertThat(captions())
                    .allSatisfy(caption -> assertThat(caption.getJobId()).isNull())
                    .extracting(CaptionSubmitted::getCaption)
                    .containsExactlyInAnyOrder("a dog", "a cat");
            letters.subscribe(List.of(Topics.DEAD_LETTERS.name()));
            List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
            await().atMost(PATIENCE)
                    .until(
                            () -> {
                                letters.poll(Duration.ofMillis(100)).forEach(found::add);
                                return !found.isEmpty();
                            });
            assertThat(new String(found.get(0).value(), UTF_8)).isEqualTo("a dog");
            assertThat(found.get(0).headers().lastHeader("nocturne-reason-code").value())
                    .isEqualTo("invalid_json".getBytes(UTF_8));
            assertThat(ingest.health().ready()).isTrue();
        }
    }

    private static Job submit(IngestService ingest, String jsonl) throws IOException {
        return ingest.api()
                .jobs()
                .submit(
                        new CaptionUpload(
                                new ByteArrayInputStream(jsonl.getBytes(UTF_8)), null, Map.of()),
                        null,
                        "http://localhost/")
                .job();
    }

    private static List<String> customIds(IngestService ingest, String job) throws IOException {
        List<String> customIds = new ArrayList<>();
        ingest.api().results().read(job, result -> customIds.add(result.customId()));
        return customIds;
    }

    private void finishInTransaction(RequestFinished event) {
        String key = Ids.key(event.getRequest().getJobId(), event.getRequest().getRequestId());
        transactions.beginTransaction();
        transactions.send(
                new ProducerRecord<>(
                        Topics.RESULTS.name(), key.getBytes(UTF_8), EventCodec.encode(event)));
        transactions.commitTransaction();
    }

    private List<CaptionSubmitted> captions() {
        return Published.in(Topics.CAPTIONS, kafka);
    }

    private static StageLag encoderLag(IngestService ingest) {
        return ingest.api().lag().latest().stages().stream()
                .filter(stage -> stage.stage().equals("encoder"))
                .findAny()
                .orElseThrow();
    }

    /** Asked again and again, no lag is ever negative. */
    private static void awaitLag(IngestService ingest, Predicate<StageLag> condition) {
        await().atMost(PATIENCE)
                .ignoreExceptionsInstanceOf(IngestException.class)
                .until(
                        () -> {
                            StageLag lag = encoderLag(ingest);
                            assertThat(lag.partitions())
                                    .allSatisfy(
                                            partition ->
                                                    assertThat(partition.lag()).isNotNegative());
                            return condition.test(lag);
                        });
    }

    private double sumLagGauge() {
        return meters.get("kafka.consumergroup.group.sum.lag")
                .tag("group", "encoder")
                .gauge()
                .value();
    }

    private double encodersWanted() {
        return meters.get("nocturne.workers.wanted")
                .tag("service", "encoder-worker")
                .gauge()
                .value();
    }
}
