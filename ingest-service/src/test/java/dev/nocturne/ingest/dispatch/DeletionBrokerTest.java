package dev.nocturne.ingest.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.MovableClock;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.file.ExpiresAfter;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.result.RequestFilter;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.Ids;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What leaves the bucket: jobs that somebody deletes, and files whose time is over. */
class DeletionBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String API = "http://localhost:8080/";

    private final MovableClock clock = new MovableClock();

    private IngestService service(Duration fileRetention) {
        IngestService service =
                new IngestService(
                        kafka,
                        () -> store,
                        WebhookSettings.NONE,
                        RegistrySettings.NONE,
                        new IngestLimits(1_000, 0, fileRetention, null, null, List.of(), null),
                        SpoolFolder.open(folder.resolve("spool")),
                        new SimpleMeterRegistry(),
                        clock);
        service.start();
        await().atMost(PATIENCE).until(() -> service.health().ready());
        return service;
    }

    @Test
    void aFinishedJobLeavesTheBucketAndStaysGone() throws Exception {
        String id;
        String batch;
        String upload;
        try (IngestService ingest = service(null)) {
            id = finishedJob(ingest);
            upload = upload(ingest, "{\"custom_id\":\"b\",\"prompt\":\"a dog\"}");
            batch = ingest.api().batches().create(batchBody(upload), "key-1", API).id();
            assertConflict(() -> ingest.api().jobs().delete(batch), "job_open");
            finish(JobStateTest.completed(batch, "b", 1));
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api().batches().batch(batch).status()
                                            == Job.Status.COMPLETED);
            String rendering = rendered(id + "-00112233445566ff-3");

            ingest.api().jobs().delete(id);

            assertGone(() -> ingest.api().jobs().job(id), "job_deleted");
            assertGone(
                    () ->
                            ingest.api()
                                    .results()
                                    .requests(id, new RequestFilter(null, null), null, 9),
                    null);
            assertGone(() -> ingest.api().jobFiles().file(id, "manifest.json"), null);
            assertGone(() -> ingest.api().jobFiles().links(id, null), "job_deleted");
            assertGone(
                    () ->
                            ingest.api()
                                    .followUps()
                                    .rerank(id, JSON.readTree("{\"top\":1}"), null, API),
                    "job_deleted");
            assertThat(ingest.api().jobs().jobs()).extracting(Job::id).containsExactly(batch);
            await().atMost(PATIENCE).until(() -> !names(id) && !names(rendering));
            assertThat(store.objects.keySet())
                    .as("another job, and a file of its uploader")
                    .contains(JobKeys.manifestKey(batch), "files/%s/content".formatted(upload));

            ingest.api().jobs().delete(batch);
            await().atMost(PATIENCE).until(() -> !names(batch));
            assertThat(store.objects.keySet())
                    .containsExactly(
                            "files/%s/content".formatted(upload),
                            "files/%s/file.json".formatted(upload));
        }
        try (IngestService ingest = service(null)) {
            assertThat(ingest.api().jobs().jobs()).isEmpty();
            assertThat(ingest.api().batches().batches(false, null, 9)).isEmpty();
            assertGone(() -> ingest.api().jobs().job(id), "job_deleted");
            assertGone(() -> ingest.api().batches().batch(batch), "job_deleted");
            assertGone(
                    () -> ingest.api().batches().create(batchBody(upload), "key-1", API),
                    "job_deleted");
            ingest.api().jobs().delete(id);
            assertGone(() -> ingest.api().jobs().delete("job-of-nobody"), "unknown_job");
        }
    }

    @Test
    void aDeletionThatIsCutOffGoesOnAfterTheRestart() throws Exception {
        String id;
        try (IngestService ingest = service(null)) {
            id = finishedJob(ingest);
            store.undeletable.add(JobKeys.manifestKey(id));
            ingest.api().jobs().delete(id);
            assertGone(() -> ingest.api().jobs().job(id), "job_deleted");
        }
        assertThat(store.objects).containsKey(JobKeys.manifestKey(id));
        store.undeletable.clear();
        try (IngestService ingest = service(null)) {
            await().atMost(PATIENCE).until(() -> !names(id));
            assertThat(ingest.api().jobs().jobs()).isEmpty();
        }
    }

    @Test
    void filesAreDeletedWhenTheirTimeIsOverAndJobsStayWhole() throws Exception {
        try (IngestService ingest = service(Duration.ofDays(30))) {
            String finishedFile = upload(ingest, "{\"custom_id\":\"a\",\"prompt\":\"a cat\"}");
            String finished =
                    ingest.api().batches().create(batchBody(finishedFile), null, API).id();
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api().batches().batch(finished).status()
                                            == Job.Status.IN_PROGRESS);
            finish(JobStateTest.failed(finished, "a", 1));
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api().batches().batch(finished).status()
                                            == Job.Status.COMPLETED);
            clock.ahead = Duration.ofDays(28);
            String openFile = upload(ingest, "{\"custom_id\":\"b\",\"prompt\":\"a dog\"}");
            String open = ingest.api().batches().create(batchBody(openFile), null, API).id();
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api().batches().batch(open).status()
                                            == Job.Status.IN_PROGRESS);

            clock.ahead = Duration.ofDays(31);
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().files().files(false, null, 9, null).size() == 1);
            assertThat(ingest.api().files().files(false, null, 9, null))
                    .extracting(StoredFile::id)
                    .containsExactly(openFile);
            assertThat(store.objects.keySet())
                    .noneMatch(key -> key.contains(finishedFile))
                    .contains(
                            "jobs/%s/errors.jsonl".formatted(finished),
                            "jobs/%s/input.jsonl".formatted(finished),
                            JobKeys.manifestKey(finished));
            assertGone(
                    () -> ingest.api().batches().create(batchBody(finishedFile), null, API),
                    "invalid_option");

            String again = ingest.api().followUps().retryFailed(finished, null, API).id();
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().batches().batch(again).requestCounts().total() == 1);
        }
    }

    @Test
    void anExpiredFileIsGoneAtOnceAndItsObjectsSoonButForWhatAnOpenJobReads() throws Exception {
        ExpiresAfter day = new ExpiresAfter(86_400);
        try (IngestService ingest = service(null)) {
            String stays = upload(ingest, "{\"custom_id\":\"a\",\"prompt\":\"a cat\"}");
            Path lines = folder.resolve("upload");
            String expires =
                    ingest.api().files().upload("captions.jsonl", "batch", day, lines).id();
            String read = ingest.api().files().upload("captions.jsonl", "batch", day, lines).id();
            String batch =
                    ingest.api()
                            .batches()
                            .create(
                                    ((ObjectNode) batchBody(read))
                                            .set(
                                                    "output_expires_after",
                                                    JSON.readTree(
                                                            "{\"anchor\":\"created_at\",\"seconds\":86400}")),
                                    null,
                                    API)
                            .id();
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api().batches().batch(batch).status()
                                            == Job.Status.IN_PROGRESS);
            clock.ahead = Duration.ofHours(25);

            assertGone(() -> ingest.api().files().file(expires), "unknown_file");
            assertGone(
                    () -> ingest.api().batches().create(batchBody(expires), null, API),
                    "invalid_option");
            assertThat(ingest.api().files().files(true, null, 9, null))
                    .extracting(StoredFile::id)
                    .containsExactly(stays);
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    store.objects.keySet().stream()
                                            .noneMatch(k -> k.contains(expires)));
            assertThat(store.objects).containsKey(FileStore.contentKey(read));

            finish(
                    RequestFinished.newBuilder(JobStateTest.failed(batch, "a", 1))
                            .setFinishedAt(clock.instant())
                            .build());
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api().batches().batch(batch).status()
                                            == Job.Status.COMPLETED);
            String errors = ingest.api().batches().batch(batch).errorFileId();
            StoredFile file = ingest.api().files().file(errors);
            assertThat(file.expiresAt()).isEqualTo(file.createdAt() + 86_400);
            clock.ahead = Duration.ofHours(75);
            assertGone(() -> ingest.api().files().file(errors), "unknown_file");
            await().atMost(PATIENCE)
                    .until(() -> store.objects.keySet().stream().noneMatch(k -> k.contains(read)));
            assertThat(ingest.api().jobFiles().file(batch, "errors.jsonl").readAllBytes())
                    .isNotEmpty();
        }
    }

    /** Whoever deletes the file of a batch's answers deletes nothing of the batch's folder. */
    @Test
    void theFilesOfAnswersAreTheJobsToo() throws Exception {
        try (IngestService ingest = service(null)) {
            String id = finishedJob(ingest);
            String output = JobKeys.outputFileId(id);
            assertThat(
                            ingest.api()
                                    .files()
                                    .content(ingest.api().files().file(output))
                                    .readAllBytes())
                    .isNotEmpty();
            ingest.api().files().delete(output);

            assertGone(() -> ingest.api().files().file(output), "unknown_file");
            assertThat(ingest.api().jobFiles().file(id, "output.jsonl").readAllBytes())
                    .isNotEmpty();

            String upload = upload(ingest, "x");
            StoredFile file = ingest.api().files().file(upload);
            store.objects.remove(file.key()); // somebody did
            assertGone(() -> ingest.api().files().content(file), "unknown_file");
        }
    }

    private String finishedJob(IngestService ingest) throws IOException {
        String id =
                ingest.api()
                        .jobs()
                        .submit(
                                new CaptionUpload(
                                        new ByteArrayInputStream(
                                                "{\"custom_id\":\"a\",\"prompt\":\"a cat\"}"
                                                        .getBytes(UTF_8)),
                                        null,
                                        Map.of()),
                                null,
                                API)
                        .job()
                        .id();
        RequestFinished result = JobStateTest.completed(id, "a", 1);
        store.objects.put(result.getImages().get(0).getKey(), new byte[9]);
        finish(result);
        await().atMost(PATIENCE)
                .until(() -> ingest.api().jobs().job(id).status() == Job.Status.COMPLETED);
        return id;
    }

    /** The job id under which a candidate's picture was stored. */
    private String rendered(String customId) {
        String id = Ids.captionJobId(customId);
        RequestFinished result = JobStateTest.completed(id, customId, 1);
        store.objects.put(result.getImages().get(0).getKey(), new byte[9]);
        finish(result);
        return id;
    }

    private boolean names(String jobId) {
        String ulid = jobId.replaceFirst("^[a-z]+[-_]", "");
        return store.objects.keySet().stream().anyMatch(key -> key.contains(ulid));
    }

    private static void assertConflict(ThrowingCallable call, String code) {
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(call)
                .matches(e -> e.kind() == IngestException.Kind.CONFLICT)
                .matches(e -> e.problems().get(0).code().equals(code));
    }

    private static void assertGone(ThrowingCallable call, String code) {
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(call)
                .satisfies(
                        e ->
                                assertThat(e.problems().get(0).code())
                                        .isIn(
                                                code == null
                                                        ? List.of(
                                                                "job_deleted",
                                                                "unknown_file",
                                                                "unknown_job")
                                                        : List.of(code)));
    }

    private String upload(IngestService ingest, String lines) throws IOException {
        Path file = Files.writeString(folder.resolve("upload"), lines);
        return ingest.api().files().upload("captions.jsonl", "batch", file).id();
    }

    private static JsonNode batchBody(String fileId) throws IOException {
        return JSON.readTree(
                "{\"input_file_id\":\"%s\",\"endpoint\":\"/v1/images/generations\",\"completion_window\":\"7d\"}"
                        .formatted(fileId));
    }
}
