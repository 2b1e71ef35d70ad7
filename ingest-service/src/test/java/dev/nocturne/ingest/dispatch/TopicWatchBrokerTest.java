package dev.nocturne.ingest.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.ingest.OnBroker;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TopicSettings;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;

class TopicWatchBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @Test
    void aDeletedTopicIsMadeAgainAndOneWithTooManyPartitionsIsNamed() throws Exception {
        TopicAdmin.createMissing(kafka);
        try (Admin admin = Admin.create(kafka.admin());
                TopicWatch watch = new TopicWatch(kafka)) {
            admin.createPartitions(Map.of(Topics.DEAD_LETTERS.name(), NewPartitions.increaseTo(2)))
                    .all()
                    .get();
            admin.deleteTopics(List.of(Topics.CAPTIONS_JSON.name())).all().get();
            watch.start();
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    watch.health()
                                            .message()
                                            .startsWith(
                                                    "topic dead-letters has 2 partitions, it must have 1"));
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    admin.listTopics()
                                            .names()
                                            .get()
                                            .contains(Topics.CAPTIONS_JSON.name()));
            assertThat(watch.health().ready()).as("the rest goes on").isTrue();
        }
    }

    @Test
    void topicsThatAClientMadeFirstLoseNothing() throws Exception {
        try (Admin admin = Admin.create(kafka.admin());
                TopicWatch watch = new TopicWatch(kafka)) {
            Map<String, String> month = Map.of("retention.ms", "2592000000");
            admin.createTopics(
                            List.of(
                                    new NewTopic("results", 1, (short) 1),
                                    new NewTopic("job-events", 1, (short) 1)
                                            .configs(Map.of("cleanup.policy", "compact")),
                                    new NewTopic("captions", 6, (short) 1)
                                            .configs(Map.of("retention.ms", "3600000")),
                                    new NewTopic("captions.json", 1, (short) 1).configs(month)))
                    .all()
                    .get();
            watch.start();
            await().atMost(PATIENCE).until(() -> "-1".equals(setting(admin, "results")));
            assertThat(setting(admin, "job-events", "cleanup.policy")).isEqualTo("delete");
            assertThat(setting(admin, "job-events")).isEqualTo("-1");
            assertThat(setting(admin, "captions")).isEqualTo("604800000");
            assertThat(setting(admin, "captions.json")).as("longer").isEqualTo("2592000000");
            assertThat(setting(admin, "captions", "message.timestamp.type"))
                    .isEqualTo("LogAppendTime");
            assertThat(watch.health().message()).isEmpty();
            assertThat(TopicSettings.narrow(admin))
                    .extracting(line -> line.substring(0, line.indexOf(',')))
                    .containsExactly(
                            "topic captions.json has 1 partitions",
                            "topic results has 1 partitions");

            ConfigResource captions = new ConfigResource(ConfigResource.Type.TOPIC, "captions");
            AlterConfigOp purge =
                    new AlterConfigOp(
                            new ConfigEntry("retention.ms", "1000"), AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Map.of(captions, List.of(purge))).all().get();
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    watch.health()
                                            .message()
                                            .startsWith(
                                                    "topic captions has retention.ms=1000 and must have 604800000"));
            assertThat(setting(admin, "captions")).as("somebody's will").isEqualTo("1000");
            assertThat(watch.health().ready()).isTrue();
        }
    }

    private static String setting(Admin admin, String topic) throws Exception {
        return setting(admin, topic, "retention.ms");
    }

    private static String setting(Admin admin, String topic, String name) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(name).value();
    }
}
