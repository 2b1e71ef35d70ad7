package dev.nocturne.runtime;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * Shares the partitions of each topic among the members of a group by themselves: Kafka's assignor
 * gives every member as many of all together, and so one all of a lane's work and another none.
 *
 * <p>It has the name of Kafka's, for either understands what the other has assigned: a group may
 * have members with both, and whoever leads it decides.
 */
public final class TopicByTopicAssignor extends CooperativeStickyAssignor {

    @Override
    public Map<String, List<TopicPartition>> assignPartitions(
            Map<String, List<PartitionInfo>> partitionsByTopic,
            Map<String, Subscription> subscriptions) {
        Map<String, List<TopicPartition>> assignment = new HashMap<>();
        subscriptions.keySet().forEach(member -> assignment.put(member, new ArrayList<>()));
        partitionsByTopic.forEach(
                (topic, partitions) -> {
                    Map<String, Subscription> interested = new HashMap<>();
                    subscriptions.forEach(
                            (member, subscription) -> {
                                if (subscription.topics().contains(topic)) {
                                    interested.put(member, of(topic, subscription));
                                }
                            });
                    super.assignPartitions(Map.of(topic, partitions), interested)
                            .forEach((member, own) -> assignment.get(member).addAll(own));
                });
        return assignment;
    }

    /** What a member says of one topic. */
    private static Subscription of(String topic, Subscription all) {
        Subscription one =
                new Subscription(
                        List.of(topic),
                        all.userData() == null ? null : all.userData().duplicate(),
                        all.ownedPartitions().stream()
                                .filter(partition -> partition.topic().equals(topic))
                                .toList(),
                        all.generationId().orElse(DEFAULT_GENERATION),
                        all.rackId());
        one.setGroupInstanceId(all.groupInstanceId());
        return one;
    }
}
