package dev.nocturne.ingest.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** Batches from file to output, with restarts in between; the results come from the test. */
class BatchBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String API = "http://localhost:8080/";

    private IngestService service() {
        IngestService service =
                Ingest.service(kafka, store, new SimpleMeterRegistry(), Clock.systemUTC());
        service.start();
        await().atMost(PATIENCE).until(() -> service.health().ready());
        return service;
    }

    @Test
    void aBatchGoesOnOverRestartsAtAnyPoint() throws Exception {
        String first =
                """
                {"custom_id":"a","method":"POST","url":"/v1/images/generations","body":{"prompt":"a cat"}}
                """;
        String others =
                """
                {"custom_id":"b","prompt":"a dog"}
                {"custom_id":"c ","prompt":"a cow"}
                """;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String member : List.of(first, others)) {
            try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
                gzip.write(member.getBytes(UTF_8));
            }
        }
        String id;
        try (IngestService ingest = service()) {
            String file = upload(ingest, bytes.toByteArray());
            Batch created = ingest.api().batches().create(body(file, "24h", "fail"), null, API);
            id = created.id();
            assertThat(created.metadata()).containsEntry("night", "1");
        }
        try (IngestService ingest = service()) {
            awaitStatus(ingest, id, Job.Status.IN_PROGRESS);
            assertThat(Published.await(Topics.CAPTIONS, kafka, 3))
                    .extracting(
                            CaptionSubmitted::getCustomId, caption -> caption.getOptions().getTop())
                    .containsExactlyInAnyOrder(tuple("a", 1), tuple("b", 4), tuple("c\u2028", 4));
            finish(JobStateTest.completed(id, "a", 1));
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().batches().batch(id).requestCounts().completed() == 1);
        }
        Batch completed;
        try (IngestService ingest = service()) {
            assertThat(ingest.api().batches().batch(id).requestCounts())
                    .isEqualTo(new Batch.Counts(3, 1, 0, 0, 0, 2));
            store.refusals.set(2);
            finish(JobStateTest.failed(id, "b", 2));
            finish(JobStateTest.completed(id, "c\u2028", 3));
            awaitStatus(ingest, id, Job.Status.COMPLETED);
            completed = ingest.api().batches().batch(id);
            assertThat(completed.requestCounts()).isEqualTo(new Batch.Counts(3, 2, 1, 0, 0, 0));
            Map<String, JsonNode> output = lines(ingest, completed.outputFileId());
            assertThat(output).containsOnlyKeys("a", "c\u2028");
            byte[] bytesOfOutput =
                    ingest.api()
                            .files()
                            .content(ingest.api().files().file(completed.outputFileId()))
                            .readAllBytes();
            assertThat(new String(bytesOfOutput, UTF_8)).doesNotContain("\u2028");
            JsonNode answer = output.get("a").get("response");
            assertThat(answer.get("status_code").intValue()).isEqualTo(200);
            assertThat(answer.get("body").get("data").get(0).toString())
                    .isEqualTo(
                            "{\"url\":\"%sv1/images/%s/%s/1.png\",\"rank\":1,\"score\":0.5,\"seed\":42}"
                                    .formatted(API, id, Ids.requestId(id, "a")));
            assertThat(output.get("a").get("error").isNull()).isTrue();
            Map<String, JsonNode> errors = lines(ingest, completed.errorFileId());
            assertThat(errors).containsOnlyKeys("b");
            assertThat(errors.get("b").get("error").get("code").textValue())
                    .isEqualTo("model_error");
        }
        assertThat(captions()).as("published once").hasSize(3);
        try (IngestService ingest = service()) {
            assertThat(ingest.api().batches().batch(id)).isEqualTo(completed);
        }
    }

    @Test
    void oneBadLineFailsTheBatchUnlessBadLinesAreSkipped() throws Exception {
        String jsonl =
                """
                {"custom_id":"a","prompt":"a cat"}
                {"custom_id":"b","prompt":"a dog","top":99}
                {"custom_id":"a","prompt":"a cow"}
                nonsense
                """;
        try (IngestService ingest = service()) {
            String file = upload(ingest, jsonl.getBytes(UTF_8));
            String strict =
                    ingest.api().batches().create(body(file, "24h", "fail"), null, API).id();
            awaitStatus(ingest, strict, Job.Status.FAILED);
            assertThat(ingest.api().batches().batch(strict).errors().data())
                    .extracting(Problem::line, Problem::param, Problem::code)
                    .containsExactly(
                            tuple(2, "top", "invalid_option"),
                            tuple(3, "custom_id", "duplicate_custom_id"),
                            tuple(4, null, "invalid_json"));
            assertThat(captions()).isEmpty();

            String id = ingest.api().batches().create(body(file, "24h", "skip"), null, API).id();
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api()
                                            .batches()
                                            .batch(id)
                                            .requestCounts()
                                            .equals(new Batch.Counts(4, 0, 3, 0, 0, 1)));
            finish(JobStateTest.completed(id, "a", 1));
            awaitStatus(ingest, id, Job.Status.COMPLETED);
            assertThat(lines(ingest, ingest.api().batches().batch(id).outputFileId()))
                    .containsOnlyKeys("a");
            List<JsonNode> errors =
                    lineList(ingest, ingest.api().batches().batch(id).errorFileId());
            assertThat(errors)
                    .extracting(
                            line -> line.get("custom_id").textValue(),
                            line -> line.get("error").get("line").intValue(),
                            line -> line.get("error").get("code").textValue())
                    .containsExactlyInAnyOrder(
                            tuple("b", 2, "invalid_option"),
                            tuple("a", 3, "duplicate_custom_id"),
                            tuple("line-4", 4, "invalid_json"));
            assertThat(jsonResults(id)).containsExactlyInAnyOrderElementsOf(errors);
        }
    }

    /** The records of a job in {@code results.json}, without the job. */
    private List<JsonNode> jsonResults(String id) throws IOException {
        List<JsonNode> results = new ArrayList<>();
        for (byte[] value : Published.values(Topics.RESULTS_JSON, kafka)) {
            ObjectNode result = (ObjectNode) JSON.readTree(value);
            if (result.remove("job_id").textValue().equals(id)) {
                results.add(result);
            }
        }
        return results;
    }

    @Test
    void aFileWithoutLinesOfBrokenGzipOrInAnotherFormatFailsTheBatch() throws Exception {
        try (IngestService ingest = service()) {
            String empty = upload(ingest, new byte[0]);
            String broken = upload(ingest, new byte[] {0x1f, (byte) 0x8b, 8, 0});
            String first =
                    ingest.api().batches().create(body(empty, "24h", "skip"), null, API).id();
            String second =
                    ingest.api().batches().create(body(broken, "24h", "skip"), null, API).id();
            String table = upload(ingest, "prompt,top\na cat,2\n".getBytes(UTF_8));
            String third =
                    ingest.api().batches().create(body(table, "24h", "skip"), null, API).id();
            awaitStatus(ingest, first, Job.Status.FAILED);
            awaitStatus(ingest, second, Job.Status.FAILED);
            awaitStatus(ingest, third, Job.Status.FAILED);
            assertThat(ingest.api().batches().batch(first).errors().data())
                    .extracting(Problem::code)
                    .containsExactly("empty_job");
            assertThat(ingest.api().batches().batch(second).errors().data())
                    .extracting(Problem::code)
                    .containsExactly("invalid_gzip");
            assertThat(ingest.api().batches().batch(third).errors().data())
                    .extracting(Problem::code, Problem::message)
                    .containsExactly(
                            tuple(
                                    "not_json_lines",
                                    "the file is CSV, and a batch takes JSON lines: send it to POST /v1/jobs, which takes it as it is"));
        }
    }

    @Test
    void aJobIsNotClosedWithFewerLinesThanItHasResults() throws Exception {
        try (IngestService ingest = service()) {
            String id = batchOfThree(ingest, "24h");
            String content = FileStore.contentKey(ingest.api().batches().batch(id).inputFileId());
            byte[] whole = store.get(content);
            store.put(content, Arrays.copyOf(whole, whole.length / 3), "application/jsonl");
            store.opened.clear();
            for (int line = 1; line <= 3; line++) {
                finish(JobStateTest.completed(id, "line-" + line, line));
            }
            await("it is tried again")
                    .atMost(PATIENCE)
                    .until(() -> store.opened.stream().filter(content::equals).count() >= 2);
            assertThat(store.exists(JobKeys.manifestKey(id))).isFalse();

            store.put(content, whole, "application/jsonl");
            awaitStatus(ingest, id, Job.Status.COMPLETED);
            assertThat(lines(ingest, ingest.api().batches().batch(id).outputFileId()))
                    .containsOnlyKeys("line-1", "line-2", "line-3");
        }
    }

    @Test
    void noTextThatIsKeptHoldsControls() throws Exception {
        try (IngestService ingest = service()) {
            Path file = Files.write(folder.resolve("upload"), "{\"prompt\":\"a\"}".getBytes(UTF_8));
            assertThat(ingest.api().files().upload("", "batch", file).filename())
                    .isEqualTo("captions.jsonl");
            assertThat(ingest.api().files().upload(null, "batch", file).filename())
                    .isEqualTo("captions.jsonl");
            assertThatThrownBy(() -> ingest.api().files().upload("\u001b[2J.jsonl", "batch", file))
                    .hasMessageContaining("the name of the file holds U+001B (ESCAPE): rename it");
            String id = ingest.api().files().upload("a.jsonl", "batch", file).id();
            for (String metadata : List.of("{\"a\":\"\\u0000\"}", "{\"\\u009b\":\"a\"}")) {
                ObjectNode body = (ObjectNode) body(id, "24h", "fail");
                body.set("metadata", JSON.readTree(metadata));
                assertThatThrownBy(() -> ingest.api().batches().create(body, null, API))
                        .hasMessageContaining("holds U+00");
            }
        }
    }

    @Test
    void aJobFromBeforeTheSeedsSchemeKeepsItAlsoWhenItsRestIsTriedAgain() throws Exception {
        try (IngestService ingest = service()) {
            String file = upload(ingest, "{\"prompt\":\"a\",\"seed\":7}".getBytes(UTF_8));
            JobCreated created =
                    JobCreated.newBuilder(
                                    JobStateTest.created(file, Instant.now().plusSeconds(3600)))
                            .setSeedScheme(SeedSchemes.MIXED)
                            .build();
            send(Topics.JOB_EVENTS, "batch_old", new JobEvent("batch_old", Instant.now(), created));
            Published.await(Topics.CAPTIONS, kafka, 1);
            ingest.api().batches().cancel("batch_old");
            awaitStatus(ingest, "batch_old", Job.Status.CANCELLED);
            ingest.api().followUps().retryFailed("batch_old", null, API);

            assertThat(Published.await(Topics.CAPTIONS, kafka, 2))
                    .extracting(caption -> caption.getOptions().getSeedScheme())
                    .containsOnly(SeedSchemes.MIXED);
        }
    }

    /** Here a number that is written with a fraction of zero. */
    @Test
    void aLineThatWasBadToTheVersionThatStartedTheJobStaysSo() throws Exception {
        String id = "batch_old";
        Instant now = Instant.now();
        TopicAdmin.createMissing(kafka);
        Path lines =
                Files.writeString(
                        folder.resolve("lines"),
                        """
                        {"prompt":"a","candidates":4.0}
                        {"prompt":"b"}
                        {"prompt":"c"}
                        """);
        new FileStore(store, SpoolFolder.open(folder.resolve("spool")))
                .put(
                        new StoredFile(
                                "file-1",
                                9,
                                1,
                                null,
                                "a.jsonl",
                                "batch",
                                FileStore.contentKey("file-1")),
                        lines);
        JobCreated created =
                JobCreated.newBuilder(JobStateTest.created("file-1", now.plusSeconds(3600)))
                        .setSkipInvalid(true)
                        .build();
        send(Topics.JOB_EVENTS, id, new JobEvent(id, now, created));
        RequestFinished bad =
                RequestFinished.newBuilder(JobStateTest.failed(id, "line-1", 1))
                        .setRequest(new RequestRef(id, JobParser.badRequestId(id, 1), "line-1", ""))
                        .build();
        finish(bad);
        send(Topics.JOBS, id, new JobSubmitted(id, 3, now, null));
        send(Topics.JOB_EVENTS, id, new JobEvent(id, now, new JobReleased(0, 2, 32L)));
        try (IngestService ingest = service()) {
            assertThat(Published.await(Topics.CAPTIONS, kafka, 2))
                    .extracting(CaptionSubmitted::getCustomId)
                    .containsExactlyInAnyOrder("line-2", "line-3");
            ingest.api().batches().cancel(id);
            awaitStatus(ingest, id, Job.Status.CANCELLED);
            assertThat(ingest.api().batches().batch(id).requestCounts())
                    .isEqualTo(new Batch.Counts(3, 0, 1, 2, 0, 0));
        }
    }

    @Test
    void whatIsFinishedStaysWhenABatchIsCancelled() throws Exception {
        try (IngestService ingest = service()) {
            String id = batchOfThree(ingest, "24h");
            finish(JobStateTest.completed(id, "line-1", 1));
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().batches().batch(id).requestCounts().completed() == 1);

            assertThat(ingest.api().batches().cancel(id).status()).isEqualTo(Job.Status.CANCELLING);
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().batches().batch(id).requestCounts().inFlight() == 0);
            finish(JobStateTest.completed(id, "line-2", 5)); // too late
            awaitStatus(ingest, id, Job.Status.CANCELLED);

            Batch batch = ingest.api().batches().batch(id);
            assertThat(batch.requestCounts()).isEqualTo(new Batch.Counts(3, 1, 0, 2, 0, 0));
            assertThat(lines(ingest, batch.outputFileId())).containsOnlyKeys("line-1");
            assertThat(lines(ingest, batch.errorFileId()))
                    .containsOnlyKeys("line-2", "line-3")
                    .allSatisfy(
                            (customId, line) ->
                                    assertThat(line.get("error").get("code").textValue())
                                            .isEqualTo("batch_cancelled"));
            assertThat(ingest.api().batches().cancel(id)).isEqualTo(batch);

            Batch retry = ingest.api().followUps().retryFailed(id, "again", API);
            assertThat(ingest.api().followUps().retryFailed(id, "again", API).id())
                    .isEqualTo(retry.id());
            assertThat(retry.metadata()).containsEntry("parent_batch", id);
            awaitStatus(ingest, retry.id(), Job.Status.IN_PROGRESS);
            assertThat(Published.await(Topics.CAPTIONS, kafka, 5))
                    .filteredOn(caption -> caption.getJobId().equals(retry.id()))
                    .extracting(CaptionSubmitted::getCustomId)
                    .containsExactlyInAnyOrder("line-2", "line-3");
            assertThatThrownBy(() -> ingest.api().followUps().retryFailed(retry.id(), null, API))
                    .hasMessageContaining("is in_progress and has nothing to retry");
        }
    }

    @Test
    void aBatchExpiresAtTheEndOfItsWindowAlsoIfNobodyIsThereThen() throws Exception {
        String id;
        try (IngestService ingest = service()) {
            id = batchOfThree(ingest, "3s");
            finish(JobStateTest.completed(id, "line-3", 1));
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().batches().batch(id).requestCounts().completed() == 1);
        }
        try (IngestService ingest = service()) {
            awaitStatus(ingest, id, Job.Status.EXPIRED);
            Batch batch = ingest.api().batches().batch(id);
            assertThat(batch.expiredAt()).isGreaterThanOrEqualTo(batch.expiresAt());
            assertThat(batch.requestCounts()).isEqualTo(new Batch.Counts(3, 1, 0, 0, 2, 0));
            assertThat(lines(ingest, batch.errorFileId())).containsOnlyKeys("line-1", "line-2");
            assertThatThrownBy(() -> ingest.api().batches().cancel(id))
                    .hasMessageContaining("is expired");
        }
    }

    @Test
    void anIdempotencyKeyMakesOneBatchAlsoAfterARestart() throws Exception {
        String file;
        String id;
        try (IngestService ingest = service()) {
            file = upload(ingest, "{\"prompt\":\"a\"}".getBytes(UTF_8));
            id = ingest.api().batches().create(body(file, "24h", "fail"), "key", API).id();
        }
        try (IngestService ingest = service()) {
            JsonNode otherOrder =
                    JSON.readTree(
                            """
                            {"on_invalid":"fail","metadata":{"night":"1"},"input_file_id":"%s",
                             "completion_window":"24h","endpoint":"/v1/images/generations"}"""
                                    .formatted(file));
            assertThat(ingest.api().batches().create(otherOrder, "key", API).id()).isEqualTo(id);
            assertThatThrownBy(
                            () ->
                                    ingest.api()
                                            .batches()
                                            .create(body(file, "25h", "fail"), "key", API))
                    .isInstanceOfSatisfying(
                            IngestException.class,
                            e -> assertThat(e.kind()).isEqualTo(IngestException.Kind.CONFLICT));
            assertThat(ingest.api().batches().batches(false, null, 10))
                    .extracting(Batch::id)
                    .containsExactly(id);
            assertThatThrownBy(() -> ingest.api().files().delete(file))
                    .hasMessageContaining("reads file '%s'".formatted(file));
        }
    }

    /** In the order of the file, whatever the pictures are, and with a restart in between. */
    @Test
    void aLineThatWantsItsPicturesThemselvesGetsThem() throws Exception {
        StringBuilder jsonl = new StringBuilder("{\"custom_id\":\"plain\",\"prompt\":\"a cat\"}\n");
        for (int i = 0; i < 20; i++) {
            jsonl.append(
                    """
                    {"custom_id":"%d","body":{"prompt":"a dog","n":3,"response_format":"b64_json"}}
                    """
                            .formatted(i));
        }
        String id;
        try (IngestService ingest = service()) {
            String file = upload(ingest, jsonl.toString().getBytes(UTF_8));
            id = ingest.api().batches().create(body(file, "24h", "fail"), null, API).id();
            awaitStatus(ingest, id, Job.Status.IN_PROGRESS);
        }
        try (IngestService ingest = service()) {
            finish(JobStateTest.completed(id, "plain", 1));
            for (int i = 19; i > 0; i--) {
                finish(threePictures(id, i));
            }
            store.delete(picture(id, 7, 2)); // somebody did
            finish(JobStateTest.failed(id, "0", 1));
            awaitStatus(ingest, id, Job.Status.COMPLETED);

            List<JsonNode> output =
                    lineList(ingest, ingest.api().batches().batch(id).outputFileId());
            assertThat(output).hasSize(20);
            assertThat(pictures(output.get(0)).get(0).fieldNames())
                    .toIterable()
                    .containsExactly("url", "rank", "score", "seed");
            for (int i = 1; i < 20; i++) {
                assertThat(output.get(i).get("custom_id").textValue()).isEqualTo("" + i);
                for (int rank = 1; rank <= 3; rank++) {
                    JsonNode picture = pictures(output.get(i)).get(rank - 1);
                    assertThat(picture.get("rank").intValue()).isEqualTo(rank);
                    boolean deleted = i == 7 && rank == 2;
                    assertThat(picture.has("url")).isEqualTo(deleted);
                    if (!deleted) {
                        assertThat(picture.get("b64_json").binaryValue())
                                .isEqualTo(store.get(picture(id, i, rank)));
                    }
                }
            }
            assertThat(lines(ingest, ingest.api().batches().batch(id).errorFileId()))
                    .containsOnlyKeys("0");
        }
    }

    private static JsonNode pictures(JsonNode line) {
        return line.at("/response/body/data");
    }

    /** Of a kind that nobody here has to know. */
    private static String picture(String job, int i, int rank) {
        return "jobs/%s/images/%s/%d.jxl".formatted(job, Ids.requestId(job, "" + i), rank);
    }

    private RequestFinished threePictures(String job, int i) {
        List<StoredImage> images = new ArrayList<>();
        for (int rank = 1; rank <= 3; rank++) {
            byte[] bytes = new byte[1000 * rank + i];
            new Random(i).nextBytes(bytes);
            store.put(picture(job, i, rank), bytes, "image/jxl");
            images.add(
                    new StoredImage(rank, picture(job, i, rank), "00ff", 9L, 3, 42L, 0.5f, -7.5));
        }
        return RequestFinished.newBuilder(JobStateTest.completed(job, "" + i, 1))
                .setImages(images)
                .build();
    }

    private String batchOfThree(IngestService ingest, String window) throws Exception {
        String file = upload(ingest, "{\"prompt\":\"a\"}\n".repeat(3).getBytes(UTF_8));
        String id = ingest.api().batches().create(body(file, window, "fail"), null, API).id();
        awaitStatus(ingest, id, Job.Status.IN_PROGRESS);
        return id;
    }

    private static JsonNode body(String file, String window, String onInvalid) throws IOException {
        return JSON.readTree(
                """
                {"input_file_id":"%s","endpoint":"/v1/images/generations","completion_window":"%s",
                 "on_invalid":"%s","metadata":{"night":"1"}}"""
                        .formatted(file, window, onInvalid));
    }

    private String upload(IngestService ingest, byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("upload"), content);
        return ingest.api().files().upload("captions.jsonl", "batch", file).id();
    }

    /** At every look the counts add up. */
    private static void awaitStatus(IngestService ingest, String id, Job.Status status) {
        await().atMost(PATIENCE)
                .until(
                        () -> {
                            Batch batch = ingest.api().batches().batch(id);
                            Batch.Counts counts = batch.requestCounts();
                            assertThat(
                                            counts.completed()
                                                    + counts.failed()
                                                    + counts.cancelled()
                                                    + counts.expired()
                                                    + counts.inFlight())
                                    .isEqualTo(counts.total());
                            return batch.status() == status;
                        });
    }

    private static List<JsonNode> lineList(IngestService ingest, String file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        byte[] bytes = ingest.api().files().content(ingest.api().files().file(file)).readAllBytes();
        for (String line : new String(bytes, UTF_8).split("\n")) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static Map<String, JsonNode> lines(IngestService ingest, String file)
            throws IOException {
        Map<String, JsonNode> lines = new HashMap<>();
        for (JsonNode line : lineList(ingest, file)) {
            assertThat(lines.put(line.get("custom_id").textValue(), line)).isNull();
        }
        return lines;
    }

    private List<CaptionSubmitted> captions() {
        return Published.in(Topics.CAPTIONS, kafka);
    }
}
