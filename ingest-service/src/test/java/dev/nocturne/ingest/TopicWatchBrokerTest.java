package dev.nocturne.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
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
}
