package dev.nocturne.ingest.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.embedded.Preflight;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.MovableClock;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Receiver;
import dev.nocturne.ingest.job.Batch;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.runtime.Backoff;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Ends of batches on their way to a receiver that is down, fails, or does not answer. */
class WebhooksBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final byte[] KEY = "a secret of thirty-two bytes, ok".getBytes(UTF_8);
    private static final String SECRET = "whsec_" + Base64.getEncoder().encodeToString(KEY);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Quick attempts, but days before one is given up. */
    private static final WebhookDelivery.Patience QUICK =
            new WebhookDelivery.Patience(
                    Duration.ofSeconds(1),
                    new Backoff(Duration.ofMillis(20), Duration.ofMillis(100), Integer.MAX_VALUE),
                    Duration.ofHours(72));

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final MovableClock clock = new MovableClock();
    private final JobTable jobs = new JobTable(clock);

    /** What the table does not know yet. */
    private final Queue<JobEvent> ahead = new ConcurrentLinkedQueue<>();

    @BeforeEach
    void createTopics() {
        TopicAdmin.createMissing(kafka);
    }

    // ---- with the whole service

    private IngestService service(String url) {
        IngestService service =
                new IngestService(
                        kafka,
                        () -> store,
                        new WebhookSettings(url, SECRET),
                        RegistrySettings.NONE,
                        IngestLimits.DEFAULT,
                        SpoolFolder.open(folder.resolve("spool")),
                        meters,
                        Clock.systemUTC());
        service.start();
        await().atMost(PATIENCE).until(() -> service.health().ready());
        return service;
    }

    @Test
    void everyEndIsToldOverOutagesAndRestarts() throws Exception {
        int port = Preflight.freePort(0);
        String url = "http://localhost:%d/hook".formatted(port);
        Batch failed;
        try (IngestService ingest = service(url)) { // nobody listens yet
            failed = batch(ingest, "nonsense", "24h");
            await().atMost(PATIENCE).until(() -> attempts("failed") >= 1);
        }
        AtomicInteger requests = new AtomicInteger();
        AtomicBoolean hanging = new AtomicBoolean(true);
        try (Receiver receiver =
                new Receiver(
                        port,
                        body ->
                                requests.incrementAndGet() == 1
                                        ? 500
                                        : hanging.get() ? Receiver.HANG : 204)) {
            Batch completed;
            try (IngestService ingest = service(url)) {
                await().atMost(PATIENCE).until(() -> requests.get() >= 2);
                // and while the receiver hangs, all else goes on
                completed = batch(ingest, "{\"prompt\":\"a\",\"custom_id\":\"x\"}", "24h");
                String id = completed.id();
                awaitStatus(ingest, id, Job.Status.IN_PROGRESS);
                finish(JobStateTest.completed(id, "x", 1));
                awaitStatus(ingest, id, Job.Status.COMPLETED);
                completed = ingest.api().batches().batch(id);
            }
            assertThat(receiver.accepted()).isEmpty();
            hanging.set(false);
            Batch cancelled;
            Batch expired;
            try (IngestService ingest = service(url)) {
                await().atMost(PATIENCE).until(() -> receiver.accepted().size() == 2);
                aSinglePicture(ingest);
                cancelled = batch(ingest, "{\"prompt\":\"a\"}", "24h");
                ingest.api().batches().cancel(cancelled.id());
                awaitStatus(ingest, cancelled.id(), Job.Status.CANCELLED);
                expired = batch(ingest, "{\"prompt\":\"a\"}", "1s");
                awaitStatus(ingest, expired.id(), Job.Status.EXPIRED);
                await().atMost(PATIENCE).until(() -> receiver.accepted().size() == 4);
                awaitCommitted();
            }
            try (IngestService ingest = service(url)) {
                Batch last = batch(ingest, "nonsense", "24h");
                await().atMost(PATIENCE).until(() -> receiver.accepted().size() == 5);

                assertThat(receiver.accepted())
                        .extracting(Receiver.Delivery::type, Receiver.Delivery::batch)
                        .containsExactlyInAnyOrder(
                                tuple("batch.failed", failed.id()),
                                tuple("batch.completed", completed.id()),
                                tuple("batch.cancelled", cancelled.id()),
                                tuple("batch.expired", expired.id()),
                                tuple("batch.failed", last.id()));
                assertThat(receiver.deliveries()).allSatisfy(WebhooksBrokerTest::isSigned);
                assertThat(completed(receiver).json())
                        .isEqualTo(
                                JSON.readTree(
                                        """
                                        {"object":"event","id":"evt_%s_completed","type":"batch.completed",
                                         "created_at":%d,"data":{"id":"%s","request_counts":{"total":1,
                                         "completed":1,"failed":0,"cancelled":0,"expired":0,"in_flight":0}}}"""
                                                .formatted(
                                                        completed.id(),
                                                        completed.completedAt(),
                                                        completed.id())));
            }
        }
        assertThat(attempts("delivered")).isEqualTo(5);
        assertThat(attempts("given_up")).isZero();
    }

    /** It is a job, and is closed as one, but nobody made it from a file. */
    private void aSinglePicture(IngestService ingest) {
        send(Topics.JOBS, "caption-x", new JobSubmitted("caption-x", 1, Instant.now(), null));
        finish(JobStateTest.completed("caption-x", "x", 1));
        await().atMost(PATIENCE)
                .ignoreExceptionsInstanceOf(IngestException.class)
                .until(() -> ingest.api().jobs().job("caption-x").status() == Job.Status.COMPLETED);
    }

    private static Receiver.Delivery completed(Receiver receiver) {
        return receiver.accepted().stream()
                .filter(one -> one.type().equals("batch.completed"))
                .findFirst()
                .orElseThrow();
    }

    /** As a receiver finds out that knows the secret and the specification alone. */
    private static void isSigned(Receiver.Delivery delivery) throws Exception {
        Map<String, String> headers = delivery.headers();
        String id = headers.get("webhook-id");
        String timestamp = headers.get("webhook-timestamp");
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
        String content = id + "." + timestamp + "." + new String(delivery.body(), UTF_8);
        assertThat(headers.get("webhook-signature"))
                .isEqualTo(
                        "v1,"
                                + Base64.getEncoder()
                                        .encodeToString(mac.doFinal(content.getBytes(UTF_8))));
        assertThat(Instant.ofEpochSecond(Long.parseLong(timestamp)))
                .isBetween(Instant.now().minusSeconds(300), Instant.now().plusSeconds(1));
        assertThat(id).isEqualTo(delivery.json().get("id").textValue()).doesNotContain(".");
        assertThat(headers.get("content-type")).isEqualTo("application/json");
    }

    @Test
    void wrongSettingsStopTheServiceAtItsStart() throws Exception {
        try (IngestService ingest =
                new IngestService(
                        kafka,
                        () -> store,
                        new WebhookSettings("localhost:1", SECRET),
                        RegistrySettings.NONE,
                        IngestLimits.DEFAULT,
                        SpoolFolder.open(folder.resolve("spool")),
                        meters,
                        Clock.systemUTC())) {
            ingest.start();
            FatalException failure =
                    ingest.failure()
                            .toCompletableFuture()
                            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(failure).hasMessageStartingWith("NOCTURNE_WEBHOOK_URL cannot be posted to");
            assertThat(ingest.health().live()).isFalse();
        }
    }

    private Batch batch(IngestService ingest, String jsonl, String window) throws Exception {
        Path file = Files.writeString(folder.resolve("upload"), jsonl);
        String fileId = ingest.api().files().upload("captions.jsonl", "batch", file).id();
        JsonNode body =
                JSON.readTree(
                        """
                        {"input_file_id":"%s","endpoint":"/v1/images/generations",
                         "completion_window":"%s"}"""
                                .formatted(fileId, window));
        return ingest.api().batches().create(body, null, "http://localhost/");
    }

    private static void awaitStatus(IngestService ingest, String id, Job.Status status) {
        await().atMost(PATIENCE).until(() -> ingest.api().batches().batch(id).status() == status);
    }

    private int attempts(String outcome) {
        return (int)
                meters.get("nocturne.webhook.attempts").tag("outcome", outcome).counter().count();
    }

    /** What was answered a moment ago is repeated after a restart, until it is committed. */
    private void awaitCommitted() {
        TopicPartition events = new TopicPartition(Topics.JOB_EVENTS.name(), 0);
        try (KafkaConsumer<byte[], byte[]> group =
                new KafkaConsumer<>(kafka.consumer(Webhooks.GROUP))) {
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    group.committed(Set.of(events)).get(events).offset()
                                            == group.endOffsets(Set.of(events)).get(events));
        }
    }

    // ---- alone

    private Webhooks webhooks(Receiver receiver) {
        Webhooks webhooks =
                new Webhooks(
                        new WebhookSettings(receiver.url(), SECRET),
                        kafka,
                        jobs,
                        this::catchUp,
                        new WebhookMeters(meters),
                        clock,
                        RandomGenerator.getDefault(),
                        QUICK);
        webhooks.start();
        return webhooks;
    }

    private void catchUp() {
        for (JobEvent event = ahead.poll(); event != null; event = ahead.poll()) {
            jobs.add(event);
        }
    }

    /** A batch ends; the table learns of it when it is made to catch up. */
    private void end(String id, Instant at) {
        JobCreated created = JobStateTest.created("file-1", at.plusSeconds(1));
        for (Object change :
                List.of(created, new JobReleased(1, 0, 0L), new JobClosed(0, 0, 0, 0, at))) {
            JobEvent event = new JobEvent(id, at, change);
            ahead.add(event);
            // no broker takes a record from the days to come
            Long timestamp = at.isAfter(Instant.now()) ? null : (Long) at.toEpochMilli();
            producer.send(
                    new ProducerRecord<>(
                            Topics.JOB_EVENTS.name(),
                            0,
                            timestamp,
                            id.getBytes(UTF_8),
                            EventCodec.encode(event)));
        }
        producer.flush();
    }

    private static Function<JsonNode, Integer> refusing(String batch, int status) {
        return body -> body.at("/data/id").textValue().equals(batch) ? status : 200;
    }

    private static List<String> batches(List<Receiver.Delivery> deliveries) {
        return deliveries.stream().map(Receiver.Delivery::batch).toList();
    }

    @Test
    void oneThatIsRefusedKeepsNoOtherBackAndIsGivenUpWhenItIsOld() throws Exception {
        try (Receiver receiver = new Receiver(0, refusing("batch_a", 400))) {
            try (Webhooks webhooks = webhooks(receiver)) {
                end("batch_a", clock.instant());
                end("batch_b", clock.instant());
                await().atMost(PATIENCE).until(() -> attempts("failed") >= 3);
                await().atMost(PATIENCE).until(() -> attempts("delivered") == 1);
                assertThat(batches(receiver.accepted())).containsExactly("batch_b");
                assertThat(attempts("given_up")).isZero();

                clock.ahead = Duration.ofHours(73);
                await().atMost(PATIENCE).until(() -> attempts("given_up") == 1);
                end("batch_c", clock.instant());
                await().atMost(PATIENCE).until(() -> attempts("delivered") == 2);
                awaitCommitted();
            }
            try (Webhooks webhooks = webhooks(receiver)) {
                end("batch_d", clock.instant());
                await().atMost(PATIENCE).until(() -> attempts("delivered") == 3);
            }
            assertThat(batches(receiver.accepted()))
                    .containsExactly("batch_b", "batch_c", "batch_d");
            assertThat(attempts("given_up")).isEqualTo(1);
            assertThat(receiver.deliveries())
                    .filteredOn(one -> one.batch().equals("batch_a"))
                    .extracting(one -> one.headers().get("webhook-id"))
                    .containsOnly("evt_batch_a_completed");
        }
    }

    @Test
    void aReceiverThatIsGoneIsNotAskedTwice() throws Exception {
        try (Receiver receiver = new Receiver(0, refusing("batch_a", 410));
                Webhooks webhooks = webhooks(receiver)) {
            end("batch_a", clock.instant());
            end("batch_b", clock.instant());
            await().atMost(PATIENCE).until(() -> attempts("delivered") == 1);
            await().atMost(PATIENCE).until(() -> attempts("given_up") == 1);
            assertThat(batches(receiver.deliveries()))
                    .containsExactlyInAnyOrder("batch_a", "batch_b");
        }
    }

    @Test
    void anAnswerThatDoesNotComeIsAFailure() throws Exception {
        AtomicInteger requests = new AtomicInteger();
        try (Receiver receiver =
                        new Receiver(
                                0, body -> requests.incrementAndGet() == 1 ? Receiver.HANG : 200);
                Webhooks webhooks = webhooks(receiver)) {
            end("batch_a", clock.instant());
            await().atMost(PATIENCE).until(() -> attempts("delivered") == 1);
            assertThat(batches(receiver.deliveries())).containsExactly("batch_a", "batch_a");
            assertThat(attempts("failed")).isEqualTo(1);
        }
    }

    @Test
    void theFirstStartTellsWhatIsYoungAndNoOther() throws Exception {
        end("batch_old", clock.instant().minus(Duration.ofHours(73)));
        end("batch_young", clock.instant().minus(Duration.ofHours(71)));
        try (Receiver receiver = new Receiver(0, body -> 200);
                Webhooks webhooks = webhooks(receiver)) {
            await().atMost(PATIENCE).until(() -> attempts("delivered") == 1);
            end("batch_now", clock.instant());
            await().atMost(PATIENCE).until(() -> attempts("delivered") == 2);
            assertThat(batches(receiver.accepted())).containsExactly("batch_young", "batch_now");
        }
    }
}
