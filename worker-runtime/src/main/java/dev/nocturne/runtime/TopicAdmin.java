package dev.nocturne.runtime;

import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates the topics of the catalogue. */
public final class TopicAdmin {

    private static final Logger LOG = LoggerFactory.getLogger(TopicAdmin.class);

    /** For new partitions to be led; a broker takes a second. */
    private static final Duration LED = Duration.ofSeconds(30);

    /** Bounds what a service that is told to stop waits for. */
    private static final Duration ANSWER = Duration.ofSeconds(15);

    private static final Duration ASK_AGAIN = Duration.ofMillis(100);

    private TopicAdmin() {}

    /**
     * Creates each topic of {@link Topics#ALL} that is not there, with the brokers' default
     * replication, and waits until all are led, whoever has created them. Topics that are there
     * stay as they are.
     *
     * @throws TransientException if no broker answers
     * @throws FatalException if the brokers refuse
     */
    public static void createMissing(KafkaSettings settings) {
        createMissing(settings, Topics.ALL);
    }

    /** As {@link #createMissing(KafkaSettings)}, of some. */
    public static void createMissing(KafkaSettings settings, List<Topic<?>> topics) {
        try {
            create(settings, topics);
        } catch (KafkaException e) {
            throw settings.asStageException("cannot create topics", e);
        }
    }

    private static void create(KafkaSettings settings, List<Topic<?>> topics) {
        try (Admin admin = open(settings)) {
            Set<String> present = admin.listTopics().names().get();
            List<NewTopic> missing =
                    topics.stream()
                            .filter(topic -> !present.contains(topic.name()))
                            .map(TopicAdmin::newTopic)
                            .toList();
            var creation = admin.createTopics(missing).values();
            for (NewTopic topic : missing) {
                try {
                    creation.get(topic.name()).get();
                    LOG.info("created topic {}", topic.name());
                } catch (ExecutionException e) {
                    // another service was faster
                    if (!(e.getCause() instanceof TopicExistsException)) {
                        throw e;
                    }
                }
            }
            awaitLed(admin, topics.stream().map(Topic::name).toList());
        } catch (ExecutionException e) {
            String message =
                    "cannot create topics at %s: %s"
                            .formatted(settings.bootstrapServers(), e.getCause().getMessage());
            if (e.getCause() instanceof RetriableException) {
                throw new TransientException(message, e.getCause());
            }
            throw new FatalException(message, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TransientException("interrupted while creating topics", e);
        }
    }

    private static Admin open(KafkaSettings settings) {
        Map<String, Object> config = new HashMap<>();
        config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) ANSWER.toMillis());
        config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) ANSWER.toMillis());
        config.putAll(settings.admin());
        return Admin.create(config);
    }

    /**
     * A producer that sends a burst to a partition that is not led yet may have its batches taken
     * out of their order, and then hangs for minutes.
     */
    private static void awaitLed(Admin admin, List<String> names)
            throws ExecutionException, InterruptedException {
        long giveUpNanos = System.nanoTime() + LED.toNanos();
        while (!areLed(admin, names)) {
            if (System.nanoTime() - giveUpNanos > 0) {
                LOG.warn(
                        "topics have partitions without a leader after {} seconds: look whether all brokers are up",
                        LED.toSeconds());
                return;
            }
            Thread.sleep(ASK_AGAIN.toMillis());
        }
    }

    /** The brokers know the leader of a partition before it knows itself, so it is asked, too. */
    private static boolean areLed(Admin admin, List<String> names)
            throws ExecutionException, InterruptedException {
        try {
            Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
            for (TopicDescription topic :
                    admin.describeTopics(names).allTopicNames().get().values()) {
                for (TopicPartitionInfo partition : topic.partitions()) {
                    if (partition.leader() == null) {
                        return false;
                    }
                    ends.put(
                            new TopicPartition(topic.name(), partition.partition()),
                            OffsetSpec.latest());
                }
            }
            ListOffsetsOptions options = new ListOffsetsOptions().timeoutMs((int) LED.toMillis());
            admin.listOffsets(ends, options).all().get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RetriableException) {
                return false;
            }
            if (e.getCause() instanceof AuthorizationException) {
                return true; // nobody tells: it is only a precaution
            }
            throw e;
        }
    }

    private static NewTopic newTopic(Topic<?> topic) {
        return new NewTopic(topic.name(), Optional.of(topic.partitions()), Optional.empty())
                .configs(topic.config());
    }
}
