package dev.nocturne.ingest.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.MemoryStore;
import dev.nocturne.ingest.MovableClock;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs end, whatever else writes to their topics and whatever is deleted under them. */
class JobEndsBrokerTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String TWO = "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}\n";

    @TempDir static Path folder;
    private static EmbeddedBroker broker;
    private static KafkaSettings kafka;
    private static KafkaProducer<byte[], byte[]> producer;
    private static final MemoryStore store = new MemoryStore();

    private final MovableClock clock = new MovableClock();
    private IngestService ingest;

    @BeforeAll
    static void startBroker() {
        broker = EmbeddedBroker.start(folder, 0);
        kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
        producer = new KafkaProducer<>(kafka.producer());
    }

    @AfterAll
    static void closeBroker() {
        producer.close();
        broker.close();
    }

    @BeforeEach
    void start() {
        ingest = Ingest.service(kafka, store, new SimpleMeterRegistry(), clock);
        ingest.start();
        await().atMost(PATIENCE).until(() -> ingest.health().ready());
    }

    @AfterEach
    void close() {
        ingest.close();
    }

    @Test
    void aResultOfNoRequestOfTheJobDisplacesNone() throws Exception {
        String id = submit(TWO, "");
        finish(JobStateTest.completed(id, "intruder", 1));
        finish(JobStateTest.failed(id, "line-1", 2));
        awaitJob(id, job -> job.counts().equals(new Job.Counts(2, 0, 1, 0, 0, 1)));

        finish(JobStateTest.completed(id, "line-2", 3));
        Job job = awaitJob(id, one -> one.status() == Job.Status.COMPLETED);
        assertThat(job.counts()).isEqualTo(new Job.Counts(2, 1, 1, 0, 0, 0));
        assertThat(new String(store.get(JobKeys.key(id, "output.jsonl")), UTF_8))
                .contains("line-2")
                .doesNotContain("intruder");
    }

    @Test
    void aJobThatCannotBeClosedSaysSoAndOthersAreClosed() throws Exception {
        String stuck = submit(TWO, "");
        store.away.add(JobKeys.key(stuck, "output.jsonl"));
        finishBoth(stuck);
        Job job = awaitJob(stuck, one -> one.problem() != null);
        assertThat(job.status()).isEqualTo(Job.Status.FINALIZING);
        assertThat(job.problem()).isEqualTo("its files cannot be written (the store is away)");
        assertThat(ingest.health().message()).contains(stuck).contains("the store is away");
        assertThat(ingest.health().ready()).as("others are taken in").isTrue();

        String other = submit(TWO, "");
        finishBoth(other);
        awaitJob(other, one -> one.status() == Job.Status.COMPLETED);

        store.away.clear();
        job = awaitJob(stuck, one -> one.status() == Job.Status.COMPLETED);
        assertThat(job.problem()).isNull();
        assertThat(ingest.health().message()).doesNotContain(stuck);
    }

    @Test
    void anErrorIsTriedAgainAsAnExceptionIs() throws Exception {
        String id = submit(TWO, "");
        store.error.set(new NoClassDefFoundError("dev/nocturne/Missing"));
        finishBoth(id);
        awaitJob(id, one -> one.status() == Job.Status.COMPLETED);
        assertThat(store.error.get()).as("thrown").isNull();
    }

    @Test
    void aJobWhoseFileIsDeletedFailsWhateverItsNextStepWas() throws Exception {
        String held = submit(TWO, clock.instant().plusSeconds(3_600).toString());
        String finished = submit(TWO, "");
        String cancelled = submit(TWO, "");
        for (String id : new String[] {held, finished, cancelled}) {
            store.delete(FileStore.contentKey(ingest.api().jobs().job(id).inputFileId()));
        }
        finishBoth(finished);
        ingest.api().batches().cancel(cancelled);
        clock.ahead = Duration.ofHours(2);
        for (String id : new String[] {held, finished, cancelled}) {
            Job job = awaitJob(id, one -> one.status() == Job.Status.FAILED);
            assertThat(job.problem()).endsWith("was deleted: upload it again");
            assertThat(job.counts().total()).isEqualTo(2);
            assertThat(job.counts().inProgress()).isZero();
            assertThat(ingest.api().batches().batch(id).errors().data())
                    .extracting(Problem::code)
                    .containsExactly("file_deleted");
        }
        assertThat(ingest.api().jobs().job(finished).counts().completed())
                .as("what is finished")
                .isEqualTo(2);
        assertThat(ingest.health().ready()).isTrue();
    }

    @Test
    void aBucketThatVanishedIsAnErrorUntilItsJobsHaveFailed() throws Exception {
        String id = submit(TWO, "");
        store.deleteBucket();
        await().atMost(PATIENCE).until(() -> !ingest.health().ready());
        assertThat(ingest.health().message()).contains("the bucket is gone since");
        assertThat(ingest.health().live()).isTrue();
        assertThat(ingest.api().jobs().job(id).status()).isEqualTo(Job.Status.IN_PROGRESS);
        assertThat(store.hasBucket()).as("made again without a word").isFalse();

        clock.ahead = Duration.ofMinutes(2);
        awaitJob(id, job -> job.status() == Job.Status.FAILED);
        assertThat(ingest.api().jobs().job(id).problem()).startsWith("the bucket was deleted");
        await().atMost(PATIENCE).until(() -> ingest.health().ready());
        String next = submit(TWO, "");
        finishBoth(next);
        awaitJob(next, job -> job.status() == Job.Status.COMPLETED);
    }

    @Test
    void aPictureIsReadForItsAnswerByNoThreadOfTheCommonPool() throws Exception {
        var answer =
                ingest.api()
                        .images()
                        .paint(
                                JsonNodeFactory.instance
                                        .objectNode()
                                        .put("prompt", "a lonely picture")
                                        .put("response_format", "b64_json"),
                                "http://localhost/");
        CaptionSubmitted caption =
                await().atMost(PATIENCE)
                        .until(
                                () ->
                                        Published.in(Topics.CAPTIONS, kafka).stream()
                                                .filter(
                                                        one ->
                                                                one.getCaption()
                                                                        .equals("a lonely picture"))
                                                .findFirst(),
                                Optional::isPresent)
                        .get();
        RequestFinished result =
                JobStateTest.completed(
                        Ids.captionJobId(caption.getCustomId()), caption.getCustomId(), 1);
        store.put(result.getImages().get(0).getKey(), new byte[] {1, 2}, "image/png");
        store.readers.clear();
        finish(result);
        assertThat(answer.toCompletableFuture().get(2, TimeUnit.MINUTES).data().get(0).b64Json())
                .isEqualTo(new byte[] {1, 2});
        assertThat(store.readers)
                .isNotEmpty()
                .noneMatch(reader -> reader.startsWith("ForkJoinPool"));
    }

    private String submit(String jsonl, String startAfter) throws Exception {
        return ingest.api()
                .jobs()
                .submit(
                        new CaptionUpload(
                                new ByteArrayInputStream(jsonl.getBytes(UTF_8)),
                                null,
                                startAfter.isEmpty()
                                        ? Map.of()
                                        : Map.of("start_after", startAfter)),
                        null,
                        "http://localhost/")
                .job()
                .id();
    }

    private Job awaitJob(String id, Predicate<Job> condition) {
        return await().atMost(PATIENCE).until(() -> ingest.api().jobs().job(id), condition);
    }

    private static void finishBoth(String id) {
        finish(JobStateTest.completed(id, "line-1", 1));
        finish(JobStateTest.completed(id, "line-2", 2));
    }

    private static void finish(RequestFinished event) {
        String key = Ids.key(event.getRequest().getJobId(), event.getRequest().getRequestId());
        producer.send(
                new ProducerRecord<>(
                        Topics.RESULTS.name(), key.getBytes(UTF_8), EventCodec.encode(event)));
        producer.flush();
    }
}
