package dev.nocturne.runtime;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The partitions that topics have now, for a reader that belongs to no group. */
final class TopicPartitions {

    private static final Logger LOG = LoggerFactory.getLogger(TopicReader.class);

    private final String name;
    private final List<String> topics;

    /**
     * @param name of what is read, for messages
     */
    TopicPartitions(String name, Collection<String> topics) {
        this.name = name;
        this.topics = List.copyOf(topics);
    }

    /**
     * @throws UnknownTopicOrPartitionException if a topic is not there
     */
    Set<TopicPartition> find(Consumer<?, ?> consumer) {
        return topics.stream()
                .flatMap(topic -> partitions(consumer, topic))
                .collect(Collectors.toSet());
    }

    /** A topic that was created just now is not known to every broker at once. */
    private static Stream<TopicPartition> partitions(Consumer<?, ?> consumer, String topic) {
        List<PartitionInfo> partitions = consumer.partitionsFor(topic);
        if (partitions == null || partitions.isEmpty()) {
            throw new UnknownTopicOrPartitionException("topic %s is not there".formatted(topic));
        }
        return partitions.stream().map(info -> new TopicPartition(topic, info.partition()));
    }

    /** Tells nothing of the first that are found. */
    void tellOfChanges(Set<TopicPartition> before, Set<TopicPartition> found) {
        if (before.isEmpty()) {
            return;
        }
        for (String topic : topics) {
            long now = count(topic, found);
            long earlier = count(topic, before);
            if (now != earlier) {
                LOG.warn(
                        "TOP-01 {}: topic {} has {} partitions, before it had {}: all are read",
                        name,
                        topic,
                        now,
                        earlier);
            }
        }
    }

    private static long count(String topic, Set<TopicPartition> partitions) {
        return partitions.stream().filter(one -> one.topic().equals(topic)).count();
    }
}
