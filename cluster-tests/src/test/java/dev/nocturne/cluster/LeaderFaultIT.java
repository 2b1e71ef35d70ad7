package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.schemas.Sha256;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two ingest-services, and the one that leads is killed, or hangs and wakes later. */
class LeaderFaultIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String INGEST = "ingest-service";
    private static final List<String> INSTANCES = List.of("ingest-1", "ingest-2");
    private static final int CAPTIONS = 1_000;
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    /** For another to lead, as the promise is. */
    private static final Duration LED_AGAIN = Duration.ofSeconds(15);

    /** What the killed leader has committed is read by then, while nothing else comes. */
    private static final Duration READ = Duration.ofSeconds(6);

    private static final Duration PACE = Duration.ofMillis(10);

    @TempDir Path folder;
    private Cluster cluster;
    private int keys;

    @BeforeEach
    void start() throws Exception {
        cluster = new Cluster(folder, folder, Map.of());
        for (String instance : INSTANCES) {
            start(instance);
        }
        INSTANCES.forEach(cluster::awaitReady);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private void start(String instance) throws IOException {
        cluster.start(
                instance,
                INGEST,
                Map.of(
                        "NOCTURNE_INGEST_STATE_DIR", folder.resolve(instance).toString(),
                        "NOCTURNE_SPOOL_DIR", folder.resolve(instance + "-spool").toString()));
    }

    @Test
    void aLeaderThatIsKilledWhileItReleasesCaptions() throws Exception {
        releasesCaptions(
                "killed (-9)",
                JavaProcess::kill,
                (leader, batch) -> {
                    start(leader);
                    cluster.awaitReady(leader);
                });
    }

    @Test
    @Tag("faults")
    void aLeaderThatHangsForTwoMinutesWhileItReleasesCaptions() throws Exception {
        releasesCaptions(
                "stopped for two minutes",
                JavaProcess::suspend,
                (leader, batch) -> {
                    awaitDone(other(leader), batch);
                    awaitTwoMinutes();
                    cluster.service(leader).resume();
                    awaitFollows(leader);
                });
    }

    @Test
    @Tag("faults")
    void aLeaderThatIsKilledWhileItClosesAJob() throws Exception {
        closesAJob("killed (-9)", JavaProcess::kill);
    }

    @Test
    @Tag("faults")
    void aLeaderThatHangsForTwoMinutesWhileItClosesAJob() throws Exception {
        closesAJob("stopped for two minutes", JavaProcess::suspend);
    }

    @Test
    void aKeyIsOneJobsOverBoth() throws Exception {
        String file = client(INSTANCES.get(0)).upload(1);
        int callers = 50;
        CountDownLatch all = new CountDownLatch(callers);
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        List<Future<String>> answers = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            BatchClient asked = client(INSTANCES.get(i % 2));
            answers.add(
                    threads.submit(
                            () -> {
                                all.countDown();
                                all.await();
                                return asked.create(file, "the same", false);
                            }));
        }
        Set<String> ids = new HashSet<>();
        for (Future<String> answer : answers) {
            ids.add(answer.get());
        }
        threads.shutdown();
        assertThat(ids).hasSize(1);
    }

    // ---- what is done and waited for

    private BatchClient client(String instance) {
        return new BatchClient(cluster.url(instance));
    }

    private static ConditionFactory soon() {
        return await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50));
    }

    private String leader() {
        return soon().until(
                        () -> {
                            for (String instance : INSTANCES) {
                                if (client(instance).leads()) {
                                    return instance;
                                }
                            }
                            return null;
                        },
                        instance -> instance != null);
    }

    private static String other(String instance) {
        return INSTANCES.get(1 - INSTANCES.indexOf(instance));
    }

    private String create(String instance, boolean webdataset) throws Exception {
        BatchClient client = client(instance);
        return client.create(client.upload(CAPTIONS), "key " + ++keys, webdataset);
    }

    private void awaitCompleted(String instance, String batch, int count) {
        BatchClient client = client(instance);
        soon().until(() -> client.completed(batch) >= count);
    }

    private void awaitDone(String instance, String batch) throws Exception {
        BatchClient client = client(instance);
        soon().until(() -> client.batch(batch).get("status").textValue().equals("completed"));
        assertThat(client.completed(batch)).isEqualTo(CAPTIONS);
    }

    /** Something that happens to the leader. */
    private interface Fault {
        void happen(JavaProcess leader) throws Exception;
    }

    /** What follows its fault, until the former leader answers again. */
    private interface Return {
        void happen(String leader, String batch) throws Exception;
    }

    /** Captions are released again in time, and each comes once. */
    private void releasesCaptions(String how, Fault fault, Return back) throws Exception {
        try (StandInPipeline pipeline = new StandInPipeline(cluster.kafka(), PACE)) {
            String leader = leader();
            String next = other(leader);
            String batch = create(next, false);
            awaitCompleted(next, batch, CAPTIONS / 10);
            long from = System.nanoTime();
            fault.happen(cluster.service(leader));
            Duration waited = Duration.ofNanos(firstArrival(pipeline, from) - from);
            new FaultReport()
                    .row("the leader of two ingest-services " + how, List.of(), waited, waited);
            assertThat(waited).isLessThan(LED_AGAIN);
            back.happen(leader, batch);
            awaitDone(leader, batch);
        }
        assertThat(TopicReader.events(cluster.kafka(), Topics.CAPTIONS))
                .extracting(CaptionSubmitted::getCustomId)
                .doesNotHaveDuplicates()
                .hasSize(CAPTIONS);
    }

    /** When the first caption came that the fault's victim cannot have sent, in nanoseconds. */
    private static long firstArrival(StandInPipeline pipeline, long from) {
        return soon().until(
                        () ->
                                pipeline.arrivals().stream()
                                        .mapToLong(Long::longValue)
                                        .filter(at -> at > from + READ.toNanos())
                                        .findFirst(),
                        OptionalLong::isPresent)
                .getAsLong();
    }

    /** A leader that wakes later changes nothing of what the next one has written. */
    private void closesAJob(String how, Fault fault) throws Exception {
        ObjectStore store = ObjectStore.open(cluster.directObjectStore());
        try (StandInPipeline pipeline =
                StandInPipeline.withPictures(cluster.kafka(), Duration.ZERO, store)) {
            String leader = leader();
            String next = other(leader);
            String batch = create(next, true);
            BatchClient asked = client(next);
            soon().pollInterval(Duration.ofMillis(5))
                    .until(() -> asked.batch(batch).get("status").textValue().equals("finalizing"));
            long from = System.nanoTime();
            fault.happen(cluster.service(leader));
            assertThat(store.exists(manifest(batch))).as("it is closed already").isFalse();
            awaitDone(next, batch);
            Duration closed = Duration.ofNanos(System.nanoTime() - from);
            new FaultReport()
                    .row("the same, while it closes a job: " + how, List.of(), closed, closed);
            Map<String, String> written = objects(store, batch);
            if (cluster.service(leader).isAlive()) {
                awaitTwoMinutes();
                cluster.service(leader).resume();
                awaitFollows(leader);
                awaitDone(leader, create(leader, false));
                assertThat(objects(store, batch)).as("after it woke").isEqualTo(written);
            }
            assertThat(pipeline.arrivals()).hasSizeGreaterThanOrEqualTo(CAPTIONS);
        }
    }

    /** Nothing is waited for but the time. */
    private static void awaitTwoMinutes() throws InterruptedException {
        new CountDownLatch(1).await(2, TimeUnit.MINUTES);
    }

    /** It has woken, and knows that another leads. */
    private void awaitFollows(String instance) {
        cluster.awaitReady(instance);
        soon().until(() -> !client(instance).leads() && client(other(instance)).leads());
    }

    private static String manifest(String batch) {
        return "jobs/%s/manifest.json".formatted(batch);
    }

    /**
     * Digests of all objects of the job, by name: they are those that its manifest names, and its
     * output has every request once.
     */
    private static Map<String, String> objects(ObjectStore store, String batch) throws IOException {
        String jobFolder = "jobs/%s/".formatted(batch);
        Map<String, String> objects = new TreeMap<>();
        for (String key : store.list(jobFolder)) {
            objects.put(key.substring(jobFolder.length()), Sha256.hex(store.get(key)));
        }
        Map<String, String> named = new TreeMap<>();
        for (JsonNode file : JSON.readTree(store.get(manifest(batch))).get("files")) {
            named.put(file.get("name").textValue(), file.get("sha256").textValue());
        }
        Map<String, String> there = new TreeMap<>(objects);
        there.remove("manifest.json");
        assertThat(there).isEqualTo(named);
        List<String> customIds = new ArrayList<>();
        for (String line :
                new String(store.get(jobFolder + "output.jsonl"), UTF_8).lines().toList()) {
            customIds.add(JSON.readTree(line).get("custom_id").textValue());
        }
        assertThat(customIds).doesNotHaveDuplicates().hasSize(CAPTIONS);
        return objects;
    }
}
