package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A cluster as {@code deploy/kubernetes/examples/external} wants it, with all of its settings:
 * three brokers with TLS and SCRAM, a store with TLS, and two of every service.
 */
@Tag("faults")
class ExternalFaultIT {
    @TempDir Path folder;

    @Test
    void aBrokerAndOneOfEachServiceAreKilled() throws Exception {
        try (Night night = Night.onExternal(folder, new FaultReport(), 3, Map.of())) {
            for (String service : Night.SERVICES) {
                night.start(service + "-2", service, foldersOfTheSecond());
            }
            night.awaitHealthy();
            topicsAreAsTheExampleSays(night);
            night.survives(
                    "one of three brokers, with TLS and SCRAM, and one of two of each service killed (-9)",
                    job -> {
                        night.cluster().broker(0).process().kill(); // and it stays away
                        for (String service : Night.SERVICES) {
                            night.kill(service);
                        }
                    });
        }
    }

    private Map<String, String> foldersOfTheSecond() {
        return Map.of(
                "NOCTURNE_SPOOL_DIR", folder.resolve("second-spool").toString(),
                "NOCTURNE_INGEST_STATE_DIR", folder.resolve("second-ingest").toString(),
                "NOCTURNE_RERANK_STATE_DIR", folder.resolve("second-rerank").toString());
    }

    private static void topicsAreAsTheExampleSays(Night night) throws Exception {
        String topic = Topics.GENERATION_TASKS.name();
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try (Admin admin = night.admin()) {
            assertThat(
                            admin.describeTopics(List.of(topic))
                                    .allTopicNames()
                                    .get()
                                    .get(topic)
                                    .partitions())
                    .hasSize(24)
                    .extracting(TopicPartitionInfo::replicas)
                    .allSatisfy(replicas -> assertThat(replicas).hasSize(3));
            assertThat(
                            admin.describeConfigs(List.of(resource))
                                    .all()
                                    .get()
                                    .get(resource)
                                    .get(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG)
                                    .value())
                    .isEqualTo("2");
        }
    }
}
