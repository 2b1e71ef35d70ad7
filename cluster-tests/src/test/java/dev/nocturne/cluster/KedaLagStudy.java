package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.api.SoftAssertions;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What KEDA's own Kafka scaler takes for the lag of the encoders' group, beside what {@code
 * /v1/lag} says, in the states that such a group comes into. Needs what {@link KedaStudy} needs.
 * Run by its name alone, see docs/kubernetes.md.
 */
class KedaLagStudy {
    private static final String GROUP = "encoder";
    private static final String TOPIC = Topics.CAPTIONS.name();
    private static final int CAPTIONS = 40;
    private static final Duration SETTLED_WITHIN = Duration.ofSeconds(40);
    private static final Duration JOB_WITHIN = Duration.ofMinutes(4);
    private static final String METRIC =
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/nocturne/s0-kafka-%s?labelSelector=scaledobject.keda.sh%%2Fname%%3D%s"
                    .formatted(TOPIC, GROUP + "-lag");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** KEDA's counts those, too, though nobody can read them any more. */
    private static final String DELETED = "records deleted that nobody has read";

    @TempDir Path folder;

    private final Map<String, List<Long>> table = new LinkedHashMap<>();

    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS)
    void kedasLagBesideOurs() throws Exception {
        try (Night night = Night.withStandIn(folder, Map.of());
                Admin admin = Admin.create(night.kafka().admin())) {
            Kubectl.apply(scaledObject(night.kafka().bootstrapServers()));
            try {
                states(night, admin);
            } finally {
                Kubectl.run("", "delete", "scaledobject", GROUP + "-lag");
            }
        }
        SoftAssertions softly = new SoftAssertions();
        softly.assertThat(table.remove(DELETED).get(0)).as(DELETED).isZero();
        table.forEach(
                (state, lags) -> softly.assertThat(lags.get(1)).as(state).isEqualTo(lags.get(0)));
        softly.assertAll();
    }

    private void states(Night night, Admin admin) throws Exception {
        try (JobRun job = night.submit("", CAPTIONS)) {
            job.awaitEnd(JOB_WITHIN);
        }
        compare(night, "idle, after a job");

        night.stop(Night.ENCODER);
        try (JobRun waits = night.submit("", CAPTIONS)) {
            compare(night, "nobody reads");

            night.start(Night.ENCODER, Night.ENCODER, Map.of());
            waits.awaitEnd(JOB_WITHIN);
        }
        compare(night, "read to the end");

        String later =
                "?start_after="
                        + URLEncoder.encode(
                                Instant.now().plus(Duration.ofHours(3)).toString(), UTF_8);
        try (JobRun held = night.submit(later, CAPTIONS)) {
            compare(night, "a job outside of its hours");
            night.cancel(held.id());
        }

        Map<String, Object> config = new HashMap<>(night.kafka().producer());
        config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "study");
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config)) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(TOPIC, 0, null, "no caption".getBytes(UTF_8)));
            producer.flush();
            compare(night, "an open transaction");
            producer.abortTransaction();
        }
        compare(night, "the transaction was aborted");

        night.cluster().service(Night.ENCODER).suspend();
        try (JobRun waits = night.submit("", CAPTIONS)) {
            compare(night, "the only member hangs");
            night.start("encoder-2", Night.ENCODER, Map.of());
            compareAtOnce(night, "another joins: the group rebalances");
            night.cluster().service(Night.ENCODER).resume();
            waits.awaitEnd(JOB_WITHIN);
        }
        night.stop("encoder-2");
        night.stop(Night.ENCODER);

        admin.createPartitions(Map.of(TOPIC, NewPartitions.increaseTo(8))).all().get();
        compare(night, "two partitions more, nobody reads");

        try (JobRun waits = night.submit("", CAPTIONS)) {
            await("captions of %s wait".formatted(waits.id()))
                    .atMost(SETTLED_WITHIN)
                    .until(() -> ours(night) != null && ours(night) > 0);
            night.truncate(Topics.CAPTIONS);
            compare(night, DELETED);
        }

        admin.deleteConsumerGroups(List.of(GROUP)).all().get();
        compare(night, "the group was deleted");

        admin.deleteTopics(Set.of(TOPIC)).all().get();
        compare(night, "the topic was deleted, and made again");
    }

    private void compare(Night night, String state) throws Exception {
        night.passes(Duration.ofSeconds(12)); // ours is measured every five
        compareAtOnce(night, state);
    }

    /** Waits for both to say the same, or for long enough. */
    private void compareAtOnce(Night night, String state) throws Exception {
        try {
            await().atMost(SETTLED_WITHIN)
                    .pollInterval(Duration.ofSeconds(2))
                    .until(
                            () -> {
                                Long ours = ours(night);
                                return ours != null && ours.equals(kedas());
                            });
        } catch (ConditionTimeoutException e) {
            // the table tells
        }
        Long ours = ours(night);
        Long kedas = kedas();
        table.put(state, Arrays.asList(ours, kedas));
        System.out.printf("%-40s ours %s, KEDA's %s%n", state, ours, kedas);
    }

    /** Null if it is not known. */
    private static Long ours(Night night) {
        JsonNode report = night.get("lag");
        if (report != null) {
            for (JsonNode stage : report.path("stages")) {
                for (JsonNode lane : stage.path("lanes")) {
                    if (stage.path("group").asText().equals(GROUP)
                            && lane.path("topic").asText().equals(TOPIC)
                            && lane.path("lag").isNumber()) {
                        return lane.path("lag").asLong();
                    }
                }
            }
        }
        return null;
    }

    /** Null if it has none. */
    private static Long kedas() throws InterruptedException {
        try {
            return Long.valueOf(
                    JSON.readTree(Kubectl.run("", "get", "--raw", METRIC))
                            .path("items")
                            .path(0)
                            .path("value")
                            .asText());
        } catch (IOException e) {
            System.out.println(e.getMessage().lines().findFirst().orElse(""));
            return null;
        }
    }

    private static String scaledObject(String brokers) {
        return """
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: %1$s-lag, namespace: nocturne}
        spec:
          scaleTargetRef: {name: encoder-worker}
          minReplicaCount: 1
          triggers:
            - type: kafka
              metadata:
                bootstrapServers: %2$s
                consumerGroup: %1$s
                topic: %3$s
                lagThreshold: "1000"
                offsetResetPolicy: earliest
                allowIdleConsumers: "true"
        """
                .formatted(GROUP, brokers, TOPIC);
    }
}
