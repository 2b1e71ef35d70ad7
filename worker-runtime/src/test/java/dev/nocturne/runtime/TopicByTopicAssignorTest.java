package dev.nocturne.runtime;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicByTopicAssignorTest {

    private static final List<String> LANES = List.of("tasks", "tasks.interactive");

    /** Of a rebalance: what others own is given away in the first and taken in the second. */
    private static final int ROUNDS = 2;

    private final Map<String, List<TopicPartition>> owned = new TreeMap<>();
    private int generation;

    @ParameterizedTest
    @CsvSource({"6, 4", "6, 6", "64, 4", "64, 16", "64, 48", "64, 64"})
    void whoeverComesOrGoesEachLaneIsSharedEqually(int partitions, int most) {
        for (int members = 1; members <= most; members++) {
            owned.put("member-%03d".formatted(members * 37 % 101), List.of());
            rebalance(partitions);
            assertEqualShares(partitions);
        }
        while (owned.size() > 1) {
            owned.remove(owned.keySet().iterator().next());
            rebalance(partitions);
            assertEqualShares(partitions);
        }
    }

    @ParameterizedTest
    @CsvSource({"6, 8", "6, 13"})
    void ofTooManyMembersSomeHaveNothing(int partitions, int members) {
        for (int member = 0; member < members; member++) {
            owned.put("member-" + member, List.of());
        }
        rebalance(partitions);
        for (String lane : LANES) {
            assertThat(owned.keySet().stream().filter(member -> count(member, lane) == 1))
                    .hasSize(partitions);
        }
    }

    private void assertEqualShares(int partitions) {
        for (String lane : LANES) {
            assertThat(owned.keySet())
                    .as("shares of %s", lane)
                    .allSatisfy(
                            member ->
                                    assertThat(count(member, lane))
                                            .isBetween(
                                                    partitions / owned.size(),
                                                    (partitions + owned.size() - 1)
                                                            / owned.size()));
        }
        assertThat(owned.values().stream().flatMap(List::stream))
                .doesNotHaveDuplicates()
                .hasSize(LANES.size() * partitions);
    }

    private int count(String member, String lane) {
        return (int)
                owned.get(member).stream()
                        .filter(partition -> partition.topic().equals(lane))
                        .count();
    }

    private void rebalance(int partitions) {
        Cluster cluster = cluster(partitions);
        for (int round = 0; round < ROUNDS; round++) {
            generation++;
            Map<String, Subscription> subscriptions =
                    owned.entrySet().stream()
                            .collect(toMap(Map.Entry::getKey, one -> said(one.getValue())));
            new TopicByTopicAssignor()
                    .assign(cluster, new GroupSubscription(subscriptions))
                    .groupAssignment()
                    .forEach((member, given) -> owned.put(member, given.partitions()));
        }
    }

    /** By a member of the generation before, or by a new one. */
    private Subscription said(List<TopicPartition> partitions) {
        TopicByTopicAssignor assignor = new TopicByTopicAssignor();
        return new Subscription(
                LANES,
                assignor.subscriptionUserData(Set.copyOf(LANES)),
                partitions,
                generation,
                Optional.empty());
    }

    private static Cluster cluster(int partitions) {
        Node broker = new Node(1, "broker", 9092);
        Node[] replicas = {broker};
        List<PartitionInfo> all = new ArrayList<>();
        for (String lane : LANES) {
            IntStream.range(0, partitions)
                    .mapToObj(i -> new PartitionInfo(lane, i, broker, replicas, replicas))
                    .forEach(all::add);
        }
        return new Cluster("cluster", List.of(broker), all, Set.of(), Set.of());
    }
}
