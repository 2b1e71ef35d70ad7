package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.CaptionSubmitted;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two ingest-services, and the one that leads is killed. */
class LeaderFaultIT {
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
        try (StandInPipeline pipeline = new StandInPipeline(cluster.kafka(), PACE)) {
            String leader = leader();
            String next = other(leader);
            String batch = create(next);
            awaitCompleted(next, batch, CAPTIONS / 10);
            kill(leader, pipeline);
            start(leader);
            cluster.awaitReady(leader);
            awaitDone(leader, batch);
        }
        assertThat(TopicReader.events(cluster.kafka(), Topics.CAPTIONS))
                .extracting(CaptionSubmitted::getCustomId)
                .doesNotHaveDuplicates()
                .hasSize(CAPTIONS);
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
                                return asked.create(file, "the same");
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

    private String create(String instance) throws Exception {
        BatchClient client = client(instance);
        return client.create(client.upload(CAPTIONS), "a key of its own");
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

    /** And captions are released again in time. */
    private void kill(String leader, StandInPipeline pipeline) throws Exception {
        long from = System.nanoTime();
        cluster.service(leader).kill();
        long first =
                soon().until(
                                () ->
                                        pipeline.arrivals().stream()
                                                .mapToLong(Long::longValue)
                                                .filter(at -> at > from + READ.toNanos())
                                                .findFirst(),
                                OptionalLong::isPresent)
                        .getAsLong();
        Duration waited = Duration.ofNanos(first - from);
        new FaultReport()
                .row("the leader of two ingest-services killed (-9)", List.of(), waited, waited);
        assertThat(waited).isLessThan(LED_AGAIN);
    }
}
