package dev.nocturne.ingest.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.ingest.Ingest;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.MovableClock;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Painter;
import dev.nocturne.ingest.Published;
import dev.nocturne.ingest.api.CaptionUpload;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.job.Throughput;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Jobs that share a pipeline, with a stand-in for the pipeline. */
class DispatcherBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final int ALL = Integer.MAX_VALUE;

    private final MovableClock clock = new MovableClock();

    private IngestService service() {
        IngestService service = Ingest.service(kafka, store, new SimpleMeterRegistry(), clock);
        service.start();
        await().atMost(PATIENCE).until(() -> service.health().ready());
        return service;
    }

    @Test
    void aJobPausesWhenItsWindowClosesAndGoesOnInTheNext() throws Exception {
        clock.set("2026-11-26T20:30:00Z");
        try (IngestService ingest = service();
                Painter painter = new Painter(kafka, Duration.ofMillis(5), 100)) {
            String window = "22:00-06:00 Europe/Berlin";
            String id = submit(ingest, captions(1_000, 1), window).id();
            Job before = ingest.api().jobs().job(id);
            assertThat(before.window()).isEqualTo(window);
            assertThat(before.waitingFor()).isEqualTo("window opens 2026-11-26T21:00:00Z");
            finishAnother(ingest, painter); // so that the dispatcher has been there
            assertThat(Published.in(Topics.CAPTIONS, kafka)).hasSize(1);

            clock.set("2026-11-26T21:00:00Z");
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(id).counts().completed() >= 50);
            assertThat(ingest.api().jobs().job(id).waitingFor()).isNull();
            // there is no estimate before a second of work
            await().atMost(PATIENCE)
                    .until(() -> ingest.api().jobs().job(id).estimatedFinish() != null);

            clock.set("2026-11-27T05:00:00Z");
            painter.allow(ALL / 2);
            Job paused =
                    awaitJob(
                            ingest,
                            id,
                            job ->
                                    job.counts().completed()
                                            == Published.in(Topics.CAPTIONS, kafka).size() - 1);
            assertThat(paused.counts().completed()).isBetween(100, 900);
            assertThat(paused.waitingFor()).isEqualTo("window opens 2026-11-27T21:00:00Z");
            assertThat(paused.estimatedFinish().earliest())
                    .isAfter(Instant.parse("2026-11-27T21:00:00Z"));
            finishAnother(ingest, painter);
            assertThat(ingest.api().jobs().job(id).counts()).isEqualTo(paused.counts());

            clock.set("2026-11-27T21:00:00Z");
            awaitJob(ingest, id, job -> job.status() == Job.Status.COMPLETED);
            assertThat(ingest.api().jobs().job(id).counts().completed()).isEqualTo(1_000);
        }
        assertThat(Published.in(Topics.CAPTIONS, kafka))
                .extracting(DispatcherBrokerTest::key)
                .doesNotHaveDuplicates()
                .hasSize(1_002);
    }

    private static void finishAnother(IngestService ingest, Painter painter) throws IOException {
        painter.allow(1);
        String id = submit(ingest, captions(1, 1), "").id();
        awaitJob(ingest, id, job -> job.status() == Job.Status.COMPLETED);
    }

    @Test
    void restartsInTheMiddleLoseAndDoubleNothing() throws Exception {
        String id = null;
        try (Painter painter = painterOfAllTopics(Duration.ofMillis(20))) {
            for (int seen : new int[] {1, 300, 900, 2_000}) {
                try (IngestService ingest = service()) {
                    id = id == null ? submit(ingest, captions(2_000, 2), "").id() : id;
                    awaitJob(ingest, id, job -> job.counts().completed() >= seen);
                }
            }
            try (IngestService ingest = service()) {
                awaitJob(ingest, id, job -> job.status() == Job.Status.COMPLETED);
                assertThat(ingest.api().jobs().job(id).counts())
                        .isEqualTo(new Job.Counts(2_000, 2_000, 0, 0, 0, 0));
            }
        }
        assertThat(Published.in(Topics.CAPTIONS, kafka))
                .extracting(DispatcherBrokerTest::key)
                .doesNotHaveDuplicates()
                .hasSize(2_000);
    }

    @Test
    void aSmallJobBehindALargeOneFinishesWithinThreeTimesItsTimeAlone() throws Exception {
        try (IngestService ingest = service();
                Painter painter = new Painter(kafka, Duration.ofMillis(200), ALL)) {
            finish(ingest, captions(1, 1)); // everything is loaded
            Duration alone = finish(ingest, captions(20, 16));
            String large = submit(ingest, captions(2_000, 16), "").id();
            awaitJob(ingest, large, job -> job.counts().completed() >= 100);

            Duration behind = finish(ingest, captions(20, 16));

            assertThat(behind).as("alone %s", alone).isLessThan(alone.multipliedBy(3));
            Job unfinished = ingest.api().jobs().job(large);
            assertThat(unfinished.counts().inProgress()).isPositive();
            assertThat(unfinished.estimatedFinish().earliest())
                    .isAfter(clock.instant())
                    .isBefore(unfinished.estimatedFinish().latest());
        }
    }

    private Duration finish(IngestService ingest, String jsonl) throws IOException {
        long start = System.nanoTime();
        String id = submit(ingest, jsonl, "").id();
        awaitJob(ingest, id, job -> job.finishedAt() != null);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Test
    void noMoreIsOutThanThePipelineNeedsAndAFastOneIsNotHeldBack() throws Exception {
        try (IngestService ingest = service()) {
            String id = submit(ingest, captions(5_000, 1), "").id();
            assertThat(Published.await(Topics.CAPTIONS, kafka, (int) Throughput.FLOOR))
                    .as("nobody paints")
                    .hasSize((int) Throughput.FLOOR);
            assertThat(ingest.api().jobs().job(id).estimatedFinish()).isNull();
            long start = System.nanoTime();
            try (Painter painter = new Painter(kafka, Duration.ZERO, ALL)) {
                awaitJob(ingest, id, job -> job.finishedAt() != null);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            assertThat(seconds).isLessThan(60);
        }
    }

    @Test
    void oneBrokenFileHoldsNobodyUp() throws Exception {
        clock.set("2026-11-26T20:30:00Z");
        try (IngestService ingest = service();
                Painter painter = new Painter(kafka, Duration.ZERO, ALL)) {
            String broken = submit(ingest, captions(3, 1), "22:00-06:00 Europe/Berlin").id();
            awaitJob(ingest, broken, job -> job.waitingFor() != null);
            String description =
                    "files/%s/file.json"
                            .formatted(ingest.api().batches().batch(broken).inputFileId());
            byte[] whole = store.get(description);
            store.put(description, bytes("[]").readAllBytes(), "application/json");
            clock.set("2026-11-26T21:00:00Z");

            String good = submit(ingest, captions(3, 1), "").id();
            awaitJob(ingest, good, job -> job.status() == Job.Status.COMPLETED);
            assertThat(ingest.api().jobs().job(broken).counts().inProgress()).isEqualTo(3);
            assertThatThrownBy(
                            () ->
                                    ingest.api()
                                            .files()
                                            .file(
                                                    ingest.api()
                                                            .batches()
                                                            .batch(broken)
                                                            .inputFileId()))
                    .isInstanceOf(IngestException.class)
                    .hasMessageContaining("is not a file's description");

            store.put(description, whole, "application/json");
            awaitJob(ingest, broken, job -> job.status() == Job.Status.COMPLETED);
        }
    }

    @Test
    void atEveryLookTheCountsAddUpAlsoWhenAJobIsCancelledInTheMiddle() throws Exception {
        try (IngestService ingest = service();
                Painter painter = new Painter(kafka, Duration.ofMillis(50), ALL)) {
            String id = submit(ingest, captions(1_000, 4), "").id();
            awaitJob(ingest, id, job -> job.counts().completed() >= 50);
            ingest.api().batches().cancel(id);
            Job cancelled = awaitJob(ingest, id, job -> job.status() == Job.Status.CANCELLED);
            assertThat(cancelled.counts().completed()).isBetween(50, 999);
            assertThat(cancelled.counts().cancelled())
                    .isEqualTo(1_000 - cancelled.counts().completed());
            int published = Published.in(Topics.CAPTIONS, kafka).size();
            assertThat(published).isLessThan(1_000);
            finish(ingest, captions(3, 1));
            assertThat(Published.in(Topics.CAPTIONS, kafka)).hasSize(published + 3);
        }
    }

    /** As an earlier version wrote it: all captions were published with the start. */
    @Test
    void aJobWithoutReleasesHasNothingLeftToRelease() throws Exception {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        String id = "batch_00000000000000000000000000";
        try (IngestService ingest = service();
                JobPublisher publisher = new JobPublisher(kafka)) {
            Path file = Files.writeString(folder.resolve("file"), captions(3, 1));
            String input = ingest.api().files().upload("captions.jsonl", "batch", file).id();
            JobCreated created = JobStateTest.created(input, now.plusSeconds(86_400));
            publisher.publish(Topics.JOBS, id, new JobSubmitted(id, 3, now, null));
            for (int i = 1; i <= 3; i++) {
                CaptionSubmitted caption =
                        CaptionSubmitted.newBuilder()
                                .setJobId(id)
                                .setCustomId("line-" + i)
                                .setCaption("a dog")
                                .setSubmittedAt(now)
                                .build();
                publisher.publish(Topics.CAPTIONS, key(caption), caption);
            }
            publisher.publish(Topics.JOB_EVENTS, id, new JobEvent(id, now, created));
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    ingest.api().batches().batches(false, null, 10).stream()
                                            .anyMatch(b -> b.id().equals(id)));
        }
        try (IngestService ingest = service();
                Painter painter = new Painter(kafka, Duration.ZERO, ALL)) {
            awaitJob(ingest, id, job -> job.status() == Job.Status.COMPLETED);
        }
        assertThat(Published.in(Topics.CAPTIONS, kafka)).hasSize(3);
    }

    @Test
    void aScheduleThatCannotBeKeptIsRefused() throws Exception {
        clock.set("2026-11-26T20:30:00Z");
        try (IngestService ingest = service()) {
            assertRefused(ingest, "soon", "", "", "start_after is 'soon': write date, time");
            assertRefused(ingest, "2027-11-26T20:30:00Z", "", "", "start earlier");
            assertRefused(ingest, "", "at night", "", "window is 'at night': write it like");
            assertRefused(ingest, "+999999999-01-01T00:00:00Z", "", "", "write date, time");
            assertRefused(ingest, "", "22:00-06:00 Mars", "", "Mars");
            assertRefused(
                    ingest,
                    "",
                    "22:00-06:00 Europe/Berlin",
                    "2026-11-26T20:59:00Z",
                    "first captions are released at 2026-11-26T21:00:00Z: choose a later one");
            assertThat(ingest.api().jobs().jobs()).isEmpty();
        }
    }

    @Test
    void aRetryThatCouldNeverRunIsRefused() throws Exception {
        clock.set("2026-11-26T22:00:00Z");
        try (IngestService ingest = service()) {
            Path file = Files.writeString(folder.resolve("file"), captions(3, 1));
            String body =
                    """
                    {"input_file_id":"%s","endpoint":"/v1/images/generations",
                     "completion_window":"1h","window":"22:00-06:00 Europe/Berlin"}"""
                            .formatted(
                                    ingest.api()
                                            .files()
                                            .upload("captions.jsonl", "batch", file)
                                            .id());
            String id =
                    ingest.api()
                            .batches()
                            .create(new ObjectMapper().readTree(body), null, "http://localhost/")
                            .id();
            awaitJob(ingest, id, job -> job.counts().total() == 3);
            clock.set("2026-11-27T08:00:00Z");
            awaitJob(ingest, id, job -> job.status() == Job.Status.EXPIRED);

            assertThatThrownBy(
                            () ->
                                    ingest.api()
                                            .followUps()
                                            .retryFailed(id, null, "http://localhost/"))
                    .isInstanceOfSatisfying(
                            IngestException.class,
                            e -> assertThat(e.kind()).isEqualTo(IngestException.Kind.INVALID))
                    .hasMessageContaining("would be released at 2026-11-27T21:00:00Z");
        }
    }

    private static void assertRefused(
            IngestService ingest, String after, String window, String deadline, String message) {
        assertThatThrownBy(
                        () ->
                                ingest.api()
                                        .jobs()
                                        .submit(
                                                new CaptionUpload(
                                                        bytes(captions(1, 1)),
                                                        null,
                                                        parameters(
                                                                "start_after",
                                                                after,
                                                                "window",
                                                                window,
                                                                "deadline",
                                                                deadline)),
                                                null,
                                                "http://localhost/")
                                        .job())
                .isInstanceOfSatisfying(
                        IngestException.class,
                        e -> {
                            assertThat(e.kind()).isEqualTo(IngestException.Kind.INVALID);
                            assertThat(e.problems().get(0).param())
                                    .isIn("start_after", "window", "deadline");
                        })
                .hasMessageContaining(message);
    }

    /** Started before there is a service. */
    private Painter painterOfAllTopics(Duration timePerBatch) {
        service().close(); // makes the topics
        return new Painter(kafka, timePerBatch, ALL);
    }

    private static Job submit(IngestService ingest, String jsonl, String window)
            throws IOException {
        return ingest.api()
                .jobs()
                .submit(
                        new CaptionUpload(bytes(jsonl), null, parameters("window", window)),
                        null,
                        "http://localhost/")
                .job();
    }

    /** Without those that are empty. */
    private static Map<String, String> parameters(String... namesAndValues) {
        Map<String, String> parameters = new HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            parameters.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        parameters.values().removeIf(String::isEmpty);
        return parameters;
    }

    private static ByteArrayInputStream bytes(String jsonl) {
        return new ByteArrayInputStream(jsonl.getBytes(UTF_8));
    }

    private static String captions(int count, int candidates) {
        return "{\"prompt\":\"a\",\"candidates\":%d,\"top\":1}\n"
                .formatted(candidates)
                .repeat(count);
    }

    private static String key(CaptionSubmitted caption) {
        return Ids.key(
                caption.getJobId(), Ids.requestId(caption.getJobId(), caption.getCustomId()));
    }

    /** At every look the counts add up. */
    private static Job awaitJob(IngestService ingest, String id, Predicate<Job> condition) {
        return await().atMost(PATIENCE)
                .until(
                        () -> {
                            Job job = ingest.api().jobs().job(id);
                            Job.Counts counts = job.counts();
                            assertThat(
                                            counts.completed()
                                                    + counts.failed()
                                                    + counts.cancelled()
                                                    + counts.expired()
                                                    + counts.inProgress())
                                    .isEqualTo(counts.total());
                            return job;
                        },
                        condition);
    }
}
