package dev.nocturne.ingest.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.nocturne.ingest.OnBroker;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TopicShapes;
import dev.nocturne.runtime.TopicSizes;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;

class TopicWatchBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final List<String> SINGLE =
            List.of(
                    "jobs",
                    "job-events",
                    "job-summaries",
                    "deployments",
                    "partial-images",
                    "dead-letters",
                    "ingest-leader");

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
            assertThat(TopicShapes.faults(TopicShapes.read(admin), TopicSizes.DEFAULT))
                    .containsExactly(
                            "captions.json, results: 1 partitions, must have 6, as NOCTURNE_KAFKA_PARTITIONS says, or fewer workers of a stage work: nocturne topics --raise 6");
            assertThat(
                            TopicShapes.faults(
                                    TopicShapes.read(admin), TopicSizes.parse("2", "2", "2", null)))
                    .satisfiesExactly(
                            line ->
                                    assertThat(line)
                                            .startsWith("captions.json, results: 1 partitions")
                                            .contains("as others have"),
                            line ->
                                    assertThat(line)
                                            .startsWith("jobs, job-events, ")
                                            .contains(": 1 replicas, must have 2, as NOCT"),
                            line ->
                                    assertThat(line)
                                            .contains(": 1 as min.insync.replicas, must have 2"));

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

    @Test
    void partitionsAreRaisedOnceAndATopicThatIsMadeAgainHasAsManyAsTheOthers() throws Exception {
        TopicAdmin.createMissing(kafka);
        try (Admin admin = Admin.create(kafka.admin())) {
            List<String> raised = new ArrayList<>();
            TopicAdmin.raisePartitions(kafka, 9, raised::add);
            assertThat(raised.indexOf("scored-grids")).isLessThan(raised.indexOf("token-grids"));
            assertThat(raised.get(raised.size() - 1)).isEqualTo("captions.interactive");
            TopicAdmin.raisePartitions(
                    kafka,
                    9,
                    topic -> {
                        throw new AssertionError(topic + " again");
                    });
            assertThatExceptionOfType(FatalException.class)
                    .isThrownBy(() -> TopicAdmin.raisePartitions(kafka, 8, raised::add))
                    .withMessageContaining("a topic has 9 partitions")
                    .withMessageContaining("raise all to 9 or more");
            admin.deleteTopics(List.of("token-grids")).all().get();
            await().atMost(PATIENCE).until(() -> !names(admin).contains("token-grids"));
            TopicAdmin.createMissing(kafka);
            assertThat(TopicShapes.read(admin))
                    .hasSize(Topics.ALL.size())
                    .allSatisfy(
                            topic ->
                                    assertThat(topic.partitions())
                                            .isEqualTo(SINGLE.contains(topic.topic()) ? 1 : 9));
        }
    }

    private static Set<String> names(Admin admin) throws Exception {
        return admin.listTopics().names().get();
    }

    private static String setting(Admin admin, String topic) throws Exception {
        return setting(admin, topic, "retention.ms");
    }

    private static String setting(Admin admin, String topic, String name) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(name).value();
    }
}
