package dev.nocturne.ingest.shell;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.file.FileStore;
import dev.nocturne.ingest.file.StoredFile;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.registry.RegistrySettings;
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
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** A service that has as much to do as it may, or no room for more; the test is the painter. */
class FullBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String API = "http://localhost:8080/";

    private IngestService service(long maxWaiting, long minFreeBytes) {
        IngestService service =
                new IngestService(
                        kafka,
                        () -> store,
                        WebhookSettings.NONE,
                        RegistrySettings.NONE,
                        new IngestLimits(
                                maxWaiting, minFreeBytes, null, null, null, List.of(folder), null),
                        SpoolFolder.open(folder.resolve("spool")),
                        new SimpleMeterRegistry(),
                        Clock.systemUTC());
        service.start();
        return service;
    }

    @Test
    void beyondTheCapWorkIsRefusedUntilSomeIsDrawn() throws Exception {
        try (IngestService ingest = service(10, 0)) {
            await().atMost(PATIENCE).until(() -> ingest.health().ready());
            String first = submit(ingest, captions("a", 8)).id();
            Set<String> before = Set.copyOf(store.objects.keySet());

            assertRefused(
                    () -> submit(ingest, captions("b", 3)), "8 candidates wait", "asks for 3");
            assertRefused(
                    () ->
                            ingest.api()
                                    .images()
                                    .paint(JSON.readTree("{\"prompt\":\"a cat\",\"n\":1}"), API),
                    "asks for 16");
            assertRefused(() -> submit(ingest, captions("c", 11)), "at most 10 may");
            assertThat(store.objects.keySet()).as("nothing half taken").isEqualTo(before);
            assertThat(ingest.api().jobs().jobs()).hasSize(1);

            submit(ingest, captions("d", 2));
            assertRefused(() -> submit(ingest, captions("e", 1)), "10 candidates wait");
            assertRefused(() -> batch(ingest, captions("f", 1), null), "asks for at least 1");

            finish(first, "a", 8);
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(first).status() == Job.Status.COMPLETED);
            submit(ingest, captions("g", 8));
        }
    }

    @Test
    void aBatchThatWasTakenUnseenWaitsForItsTurn() throws Exception {
        try (IngestService ingest = service(10, 0)) {
            await().atMost(PATIENCE).until(() -> ingest.health().ready());
            String first = submit(ingest, captions("a", 8)).id();
            JsonNode body = batchBody(ingest, captions("b", 6));
            String second = ingest.api().batches().create(body, "key-1", API).id();
            await().atMost(PATIENCE) // its size is known once somebody has tried to start it
                    .until(() -> refuses(() -> submit(ingest, captions("c", 1))));

            assertThat(ingest.api().batches().batch(second).status())
                    .isEqualTo(Job.Status.VALIDATING);
            assertThat(ingest.api().batches().create(body, "key-1", API).id())
                    .as("the key again is no new work")
                    .isEqualTo(second);
            finish(first, "a", 8);
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api().batches().batch(second).status()
                                            == Job.Status.IN_PROGRESS);
            assertThat(ingest.api().batches().batch(second).requestCounts().total()).isEqualTo(6);
        }
    }

    @Test
    void aBatchThatCouldNeverStartFails() throws Exception {
        try (IngestService ingest = service(10, 0)) {
            await().atMost(PATIENCE).until(() -> ingest.health().ready());
            String id = batch(ingest, captions("a", 11), null);

            await().atMost(PATIENCE)
                    .until(() -> ingest.api().batches().batch(id).status() == Job.Status.FAILED);
            Problem problem = ingest.api().batches().batch(id).errors().data().get(0);
            assertThat(problem.code()).isEqualTo("too_many_candidates");
            assertThat(problem.message()).contains("asks for 11", "at most 10", "split it");
            submit(ingest, captions("b", 10));
        }
    }

    @Test
    void withoutRoomOnDiskWorkIsRefusedAndTheRestIsAnswered() throws Exception {
        String id;
        String file;
        try (IngestService ingest = service(100, 0)) {
            await().atMost(PATIENCE).until(() -> ingest.health().ready());
            id = submit(ingest, captions("a", 1)).id();
            finish(id, "a", 1);
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(id).status() == Job.Status.COMPLETED);
            file = ingest.api().files().files(false, null, 10, "batch").get(0).id();
        }
        Set<String> before = Set.copyOf(store.objects.keySet());
        try (IngestService ingest = service(100, Long.MAX_VALUE / 2)) {
            await().atMost(PATIENCE).until(() -> answers(() -> ingest.api().jobs().job(id)));
            JsonNode batch = batchBody(file);

            for (ThrowingCallable work :
                    List.<ThrowingCallable>of(
                            () -> submit(ingest, captions("b", 1)),
                            () -> batchBody(ingest, captions("b", 1)),
                            () -> ingest.api().batches().create(batch, null, API),
                            () ->
                                    ingest.api()
                                            .images()
                                            .paint(JSON.readTree("{\"prompt\":\"a cat\"}"), API),
                            () ->
                                    ingest.api()
                                            .followUps()
                                            .rerank(id, JSON.readTree("{\"top\":1}"), null, API))) {
                assertThatExceptionOfType(IngestException.class)
                        .isThrownBy(work)
                        .matches(e -> e.kind() == IngestException.Kind.FULL)
                        .withMessageContaining(folder.toString())
                        .withMessageContaining("NOCTURNE_MIN_FREE_BYTES");
            }
            assertThat(store.objects.keySet()).as("nothing half taken").isEqualTo(before);
            assertThat(ingest.health().live()).isTrue();
            assertThat(ingest.health().ready()).isFalse();
            assertThat(ingest.health().message()).contains(folder.toString(), "no work is taken");
            assertThat(ingest.api().jobFiles().file(id, "manifest.json").readAllBytes())
                    .isNotEmpty();
            ingest.api().jobs().delete(id); // gives room
        }
    }

    /** The description could not be put, so the file is not there, and its bytes are not either. */
    @Test
    void aFileIsPutWholeOrNotAtAll() throws Exception {
        FileStore files = new FileStore(store, SpoolFolder.open(folder.resolve("spool")));
        Path content = Files.writeString(folder.resolve("content"), "x");
        StoredFile file =
                new StoredFile("file-1", 1, 1, null, "x", "batch", FileStore.contentKey("file-1"));
        store.away.add("files/file-1/file.json");

        assertThatExceptionOfType(RuntimeException.class)
                .isThrownBy(() -> files.put(file, content));
        assertThat(store.objects).isEmpty();
    }

    private static void assertRefused(ThrowingCallable work, String... messages) {
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(work)
                .matches(e -> e.kind() == IngestException.Kind.TOO_MANY)
                .satisfies(e -> assertThat(e.getMessage()).contains(messages));
    }

    private static boolean refuses(ThrowingCallable work) throws Exception {
        try {
            work.call();
            return false;
        } catch (IngestException e) {
            return e.kind() == IngestException.Kind.TOO_MANY;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static boolean answers(ThrowingCallable question) {
        try {
            question.call();
            return true;
        } catch (Throwable e) {
            return false;
        }
    }

    /** With a candidate each, and the custom ids a0, a1 and so on. */
    private static String captions(String name, int count) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(
                    "{\"custom_id\":\"%s%d\",\"prompt\":\"a cat\",\"candidates\":1,\"top\":1}%n"
                            .formatted(name, i));
        }
        return lines.toString();
    }

    private static Job submit(IngestService ingest, String lines) throws IOException {
        return ingest.api()
                .jobs()
                .submit(
                        new CaptionUpload(
                                new ByteArrayInputStream(lines.getBytes(UTF_8)), null, Map.of()),
                        null,
                        API)
                .job();
    }

    private JsonNode batchBody(IngestService ingest, String lines) throws IOException {
        Path file = Files.writeString(folder.resolve("upload"), lines);
        return batchBody(ingest.api().files().upload("captions.jsonl", "batch", file).id());
    }

    private static JsonNode batchBody(String fileId) throws IOException {
        return JSON.readTree(
                "{\"input_file_id\":\"%s\",\"endpoint\":\"/v1/images/generations\",\"completion_window\":\"24h\"}"
                        .formatted(fileId));
    }

    private String batch(IngestService ingest, String lines, String key) throws IOException {
        return ingest.api().batches().create(batchBody(ingest, lines), key, API).id();
    }

    private void finish(String job, String name, int count) {
        for (int i = 0; i < count; i++) {
            String customId = name + i;
            producer.send(
                    new ProducerRecord<>(
                            Topics.RESULTS.name(),
                            Ids.key(job, Ids.requestId(job, customId)).getBytes(UTF_8),
                            EventCodec.encode(JobStateTest.completed(job, customId, i))));
        }
        producer.flush();
    }
}
