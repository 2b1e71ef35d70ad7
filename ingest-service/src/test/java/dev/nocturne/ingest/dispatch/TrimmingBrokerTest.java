package dev.nocturne.ingest.dispatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.job.JobIndex;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.lag.PipelineStage;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** Topics between stages; for the log of jobs see {@link SummariesBrokerTest}. */
class TrimmingBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Duration AT_ONCE = Duration.ofMillis(1);

    private static final TopicPartition DECISIONS =
            new TopicPartition("rerank-decided-requests-changelog", 0);

    private final AtomicReference<LagReport> lag = new AtomicReference<>();

    /** All in one partition, of which the group has read some. */
    private void fill(Topic<?> topic, int records, String group, long read) throws Exception {
        for (int i = 0; i < records; i++) {
            producer.send(new ProducerRecord<>(topic.name(), 0, null, "record".getBytes(UTF_8)));
        }
        producer.flush();
        try (Admin admin = Admin.create(kafka.admin())) {
            admin.alterConsumerGroupOffsets(
                            group, Map.of(partition(topic), new OffsetAndMetadata(read)))
                    .all()
                    .get();
        }
    }

    private static TopicPartition partition(Topic<?> topic) {
        return new TopicPartition(topic.name(), 0);
    }

    /** As Kafka Streams has them. */
    private void fillDecisions(int records) throws Exception {
        try (Admin admin = Admin.create(kafka.admin())) {
            admin.createTopics(
                            List.of(
                                    new NewTopic(DECISIONS.topic(), 1, (short) 1)
                                            .configs(Map.of("cleanup.policy", "compact,delete"))))
                    .all()
                    .get();
        }
        for (int i = 0; i < records; i++) {
            producer.send(
                    new ProducerRecord<>(
                            DECISIONS.topic(), 0, ("key" + i).getBytes(UTF_8), new byte[0]));
        }
        producer.flush();
    }

    private long beginning(Topic<?> topic) {
        return beginning(partition(topic));
    }

    private long beginning(TopicPartition partition) {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.consumer())) {
            return consumer.beginningOffsets(List.of(partition)).get(partition);
        }
    }

    @Test
    void whatEveryGroupHasReadGoesAndCaptionsWhenNothingIsOnItsWay() throws Exception {
        TopicAdmin.createMissing(kafka);
        fill(Topics.GENERATION_TASKS, 5, "generator", 2);
        fill(Topics.TOKEN_GRIDS, 5, "somebody-else", 5);
        fill(Topics.CAPTIONS, 3, "encoder", 3);
        fillDecisions(4);
        Trimming trimming =
                new Trimming(
                        kafka,
                        JobIndex.inMemory(),
                        PipelineStage.ALL,
                        lag::get,
                        AT_ONCE,
                        Clock.systemUTC());
        try {
            trimming.start();
            await().atMost(PATIENCE).until(() -> beginning(Topics.GENERATION_TASKS) == 2);
            assertThat(beginning(Topics.TOKEN_GRIDS)).isZero();
            assertThat(beginning(Topics.CAPTIONS)).isZero();
            assertThat(beginning(DECISIONS)).isZero();
            lag.set(new LagReport(Instant.now(), "cluster", List.of()));
            await().atMost(PATIENCE).until(() -> beginning(Topics.CAPTIONS) == 3);
            await().atMost(PATIENCE).until(() -> beginning(DECISIONS) == 4);
            assertThat(beginning(Topics.GENERATION_TASKS)).isEqualTo(2);
        } finally {
            trimming.close();
        }
    }
}
