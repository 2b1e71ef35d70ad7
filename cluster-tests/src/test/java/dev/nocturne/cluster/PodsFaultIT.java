package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.cluster.Manifests.Workload;
import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.runtime.EventRecords;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every service starts as its pod says, and is what Kubernetes and Prometheus ask for. */
class PodsFaultIT {

    private static final String KEY = "a-key-of-sixteen-or-more";

    /** Lag is measured every few seconds. */
    private static final String MEASURED_LATER = "nocturne_workers_wanted";

    /** Others' metrics, and a counter that comes with what it counts (StageMetrics has it). */
    private static final Set<String> NOT_SHOWN_HERE =
            Set.of(
                    "up",
                    "kubelet_volume_stats_available_bytes",
                    "kubelet_volume_stats_capacity_bytes",
                    "DCGM_FI_DEV_GPU_UTIL",
                    "nocturne_stage_dead_letters_total");

    @TempDir static Path folder;

    private static final Map<String, PodProcess> PODS = new LinkedHashMap<>();
    private static EmbeddedBroker broker;
    private static EmbeddedObjectStore store;
    private static Manifests manifests;

    @BeforeAll
    static void start() throws Exception {
        broker = EmbeddedBroker.start(folder.resolve("kafka"), 0);
        store = EmbeddedObjectStore.start(folder.resolve("objects"), 0);
        TinyModel.write(folder.resolve("model"));
        manifests = Manifests.of(Manifests.FOLDER.resolve("overlays/cpu"));
        Map<String, Map<String, String>> secrets =
                Map.of(
                        "store",
                        Map.of(
                                "NOCTURNE_S3_ACCESS_KEY", store.accessKey(),
                                "NOCTURNE_S3_SECRET_KEY", store.secretKey()),
                        "api",
                        Map.of("NOCTURNE_API_KEY", KEY));
        Map<String, String> elsewhere =
                Map.of(
                        "NOCTURNE_KAFKA_BOOTSTRAP_SERVERS", broker.bootstrapServers(),
                        "NOCTURNE_S3_ENDPOINT", store.endpoint(),
                        "NOCTURNE_MODEL", folder.resolve("model").toString());
        for (Workload workload : manifests.workloads()) {
            Map<String, String> told =
                    manifests.environment(workload.pod().getSpec().getContainers().get(0), secrets);
            Map<String, String> values = new LinkedHashMap<>(elsewhere);
            values.keySet().retainAll(told.keySet());
            values.put("NOCTURNE_LOG_FORMAT", "json");
            PodProcess pod =
                    new PodProcess(
                            Files.createDirectory(folder.resolve(workload.name())),
                            workload,
                            told,
                            values);
            PODS.put(workload.name(), pod);
            pod.awaitStart(); // one after the other, which is as fast on two processors
        }
        PODS.values().forEach(PodProcess::awaitReady);
    }

    @AfterAll
    static void end() {
        PODS.values().forEach(PodProcess::close);
        store.close();
        broker.close();
    }

    /** Every mount is needed, and no other. */
    @Test
    void aPodWritesToItsMountsAlone() throws Exception {
        for (Map.Entry<String, PodProcess> pod : PODS.entrySet()) {
            assertThat(pod.getValue().strays()).as(pod.getKey()).isEmpty();
            assertThat(pod.getValue().usedMounts())
                    .as(pod.getKey())
                    .containsExactlyInAnyOrderElementsOf(
                            manifests
                                    .workload(pod.getKey())
                                    .pod()
                                    .getSpec()
                                    .getContainers()
                                    .get(0)
                                    .getVolumeMounts()
                                    .stream()
                                    .map(VolumeMount::getMountPath)
                                    .toList());
        }
    }

    @Test
    void theApiAnswersToItsNamesInTheClusterAndWantsAKey() throws Exception {
        PodProcess ingest = PODS.get("ingest-service");
        String[] names = {
            "ingest-service:8080",
            "ingest-service.nocturne:8080",
            "ingest-service.nocturne.svc:8080",
            "ingest-service.nocturne.svc.cluster.local:8080"
        };
        for (String name : names) {
            assertThat(ingest.get(name, "/v1/jobs")).startsWith("HTTP/1.1 401 ");
            assertThat(ingest.get(name, "/v1/jobs", "Authorization: Bearer " + KEY))
                    .startsWith("HTTP/1.1 200 ");
        }
        assertThat(ingest.get("other.nocturne.svc", "/v1/jobs")).startsWith("HTTP/1.1 421 ");
    }

    /** As Prometheus asks: by address, without a key. */
    @Test
    void whatAlertsAndTheDashboardAskForIsShown() throws Exception {
        Set<String> shown = new TreeSet<>(NOT_SHOWN_HERE);
        await().atMost(Duration.ofMinutes(2))
                .until(() -> metrics(PODS.get("ingest-service")).contains(MEASURED_LATER));
        for (PodProcess pod : PODS.values()) {
            shown.addAll(metrics(pod));
        }

        for (String expression : MonitoringFiles.expressions()) {
            assertThat(MonitoringFiles.metrics(expression)).as(expression).isSubsetOf(shown);
        }
    }

    @Test
    void aLineOfTheLogIsAnObjectThatSaysWhichRequestItIsAbout() throws Exception {
        CaptionSubmitted empty =
                CaptionSubmitted.newBuilder()
                        .setCustomId("empty")
                        .setCaption(" ")
                        .setSubmittedAt(Instant.now())
                        .build();
        try (var producer =
                new KafkaProducer<>(
                        new KafkaSettings(broker.bootstrapServers(), Map.of()).producer(),
                        new ByteArraySerializer(),
                        new ByteArraySerializer())) {
            for (var record : EventRecords.of(Topics.CAPTIONS, "empty", empty)) {
                producer.send(record).get();
            }
        }
        PodProcess encoder = PODS.get("encoder-worker");
        await().atMost(Duration.ofMinutes(1)).until(() -> encoder.output().contains("STG-03"));
        JsonNode line =
                new ObjectMapper()
                        .readTree(
                                encoder.output()
                                        .lines()
                                        .filter(text -> text.contains("STG-03"))
                                        .findFirst()
                                        .orElseThrow());

        String job = Ids.captionJobId("empty");
        assertThat(line.get("job").asText()).isEqualTo(job);
        assertThat(line.get("request").asText()).isEqualTo(Ids.requestId(job, "empty"));
    }

    private static Set<String> metrics(PodProcess pod) throws IOException {
        String scrape = pod.get(PodProcess.POD_ADDRESS, "/q/metrics", "Accept: text/plain");
        assertThat(scrape).startsWith("HTTP/1.1 200 ");
        return scrape.lines()
                .filter(line -> line.matches("[a-zA-Z_:].* \\S+"))
                .map(line -> line.replaceFirst("[{ ].*", ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
