package dev.nocturne.runtime;

import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates the topics of the catalogue, and gives them more partitions. */
public final class TopicAdmin {

    private static final Logger LOG = LoggerFactory.getLogger(TopicAdmin.class);

    /** For new partitions to be led; a broker takes a second. */
    private static final Duration LED = Duration.ofSeconds(30);

    /** Bounds what a service that is told to stop waits for. */
    private static final Duration ANSWER = Duration.ofSeconds(15);

    private static final Duration ASK_AGAIN = Duration.ofMillis(100);

    private TopicAdmin() {}

    /**
     * Creates each topic of {@link Topics#ALL} that is not there, as the settings say and with no
     * fewer partitions than the others, and waits until all are led, whoever has created them.
     * Topics that are there stay as they are.
     *
     * @throws TransientException if no broker answers
     * @throws FatalException if the brokers refuse
     */
    public static void createMissing(KafkaSettings settings) {
        createMissing(settings, Topics.ALL);
    }

    /** As {@link #createMissing(KafkaSettings)}, of some. */
    public static void createMissing(KafkaSettings settings, List<Topic<?>> topics) {
        ask(
                settings,
                "cannot create topics",
                admin -> {
                    Set<String> present = admin.listTopics().names().get();
                    List<Topic<?>> absent =
                            topics.stream()
                                    .filter(topic -> !present.contains(topic.name()))
                                    .toList();
                    int most = absent.isEmpty() ? 0 : most(partitions(admin, present));
                    List<NewTopic> missing =
                            absent.stream()
                                    .map(topic -> newTopic(topic, settings.topics(), most))
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
                    awaitLed(admin, topics.stream().map(Topic::name).toList(), 1);
                });
    }

    /**
     * Gives all topics that stages read so many partitions, while the pipeline runs: from the last
     * one on a request's way to the first, so that at any moment what follows from a record finds
     * the partition of its number ({@link Topic#followsInput}). Whoever is cut off calls it again.
     *
     * @param raised told each topic that has got some
     * @throws TransientException if no broker answers
     * @throws FatalException if a topic has more, or none is there, or the brokers refuse
     */
    public static void raisePartitions(
            KafkaSettings settings, int partitions, Consumer<String> raised) {
        ask(
                settings,
                "cannot add partitions",
                admin -> {
                    Map<String, Integer> there =
                            partitions(admin, admin.listTopics().names().get());
                    if (there.isEmpty()) {
                        throw new FatalException(
                                "there are no topics at %s yet: start a service with %s=%d"
                                        .formatted(
                                                settings.bootstrapServers(),
                                                TopicSizes.PARTITIONS_VARIABLE,
                                                partitions));
                    }
                    if (most(there) > partitions) {
                        throw new FatalException(
                                "a topic has %d partitions, and Kafka takes none away: raise all to %1$d or more"
                                        .formatted(most(there)));
                    }
                    List<String> backwards = new ArrayList<>(there.keySet());
                    Collections.reverse(backwards);
                    for (String topic : backwards) {
                        if (there.get(topic) < partitions) {
                            raise(admin, topic, partitions);
                            raised.accept(topic);
                        }
                    }
                });
    }

    /**
     * Gives a topic so many partitions, and waits until the brokers know them; does nothing but
     * wait if another was faster.
     *
     * @param partitions more than there were
     */
    public static void raise(Admin admin, String topic, int partitions)
            throws ExecutionException, InterruptedException {
        try {
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(partitions))).all().get();
        } catch (ExecutionException e) {
            // another was faster
            if (!(e.getCause() instanceof InvalidPartitionsException)) {
                throw e;
            }
        }
        awaitLed(admin, List.of(topic), partitions);
    }

    private interface Question {
        void ask(Admin admin) throws ExecutionException, InterruptedException;
    }

    private static void ask(KafkaSettings settings, String failure, Question question) {
        try (Admin admin = open(settings)) {
            question.ask(admin);
        } catch (KafkaException e) {
            throw settings.asStageException(failure, e);
        } catch (ExecutionException e) {
            String message =
                    "%s at %s: %s"
                            .formatted(
                                    failure,
                                    settings.bootstrapServers(),
                                    e.getCause().getMessage());
            if (e.getCause() instanceof RetriableException) {
                throw new TransientException(message, e.getCause());
            }
            throw new FatalException(message, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TransientException("interrupted: " + failure, e);
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
    private static void awaitLed(Admin admin, List<String> names, int partitions)
            throws ExecutionException, InterruptedException {
        long giveUpNanos = System.nanoTime() + LED.toNanos();
        while (!areLed(admin, names, partitions)) {
            if (System.nanoTime() - giveUpNanos > 0) {
                LOG.warn(
                        "topics have partitions without a leader after {} seconds: look whether all brokers are up",
                        LED.toSeconds());
                return;
            }
            Thread.sleep(ASK_AGAIN.toMillis());
        }
    }

    /**
     * The brokers know the leader of a partition before it knows itself, so it is asked, too.
     *
     * @param partitions that each has at least; a broker may not know new ones yet
     */
    private static boolean areLed(Admin admin, List<String> names, int partitions)
            throws ExecutionException, InterruptedException {
        try {
            Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
            for (TopicDescription topic :
                    admin.describeTopics(names).allTopicNames().get().values()) {
                if (topic.partitions().size() < partitions) {
                    return false;
                }
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

    /**
     * Counts the partitions of those topics that have as many as an installation wants, in the
     * order in which a request passes through them.
     */
    private static Map<String, Integer> partitions(Admin admin, Set<String> present)
            throws ExecutionException, InterruptedException {
        List<String> sized =
                Stream.concat(Topics.ALL.stream(), Stream.of(Topics.RESULTS_AVRO))
                        .filter(TopicSizes::isSized)
                        .<String>map(Topic::name)
                        .filter(present::contains)
                        .toList();
        Map<String, TopicDescription> there = admin.describeTopics(sized).allTopicNames().get();
        Map<String, Integer> partitions = new LinkedHashMap<>();
        sized.forEach(topic -> partitions.put(topic, there.get(topic).partitions().size()));
        return partitions;
    }

    private static int most(Map<String, Integer> partitions) {
        return partitions.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    }

    private static NewTopic newTopic(Topic<?> topic, TopicSizes sizes, int most) {
        int partitions = sizes.partitions(topic);
        return new NewTopic(
                        topic.name(),
                        Optional.of(
                                TopicSizes.isSized(topic)
                                        ? Math.max(partitions, most)
                                        : partitions),
                        sizes.replication().isPresent()
                                ? Optional.of((short) sizes.replication().getAsInt())
                                : Optional.empty())
                .configs(sizes.config(topic));
    }
}
