package dev.nocturne.ingest.lag;

import dev.nocturne.ingest.lag.HeadReader.Head;
import dev.nocturne.ingest.lag.HeadReader.Range;
import dev.nocturne.ingest.lag.TopicOffsets.Bounds;
import dev.nocturne.runtime.KafkaSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;

/**
 * Asks the brokers where each stage stands. The workers' own metrics stop when a worker dies, which
 * is when lag is wanted most. Used by one thread.
 */
final class LagProbe implements AutoCloseable {

    private static final int API_TIMEOUT_MILLIS = 10_000;

    /**
     * Where a stage stands.
     *
     * @param partitions in the order of its lanes and their own
     * @param troubles by topic why not all of its partitions are there
     */
    record Standing(List<Place> partitions, Map<String, String> troubles) {}

    /**
     * In one partition.
     *
     * @param position next offset to be read, see {@link LagRules#position}
     * @param readable the first record that can be read
     * @param open the first one behind the last stable offset: its transaction is open
     */
    record Place(
            TopicPartition partition,
            OptionalLong committed,
            long position,
            Bounds log,
            Head readable,
            Head open) {}

    private final Admin admin;
    private final HeadReader committedHeads;
    private final HeadReader openHeads;

    LagProbe(KafkaSettings kafka) {
        Map<String, Object> config = kafka.admin();
        config.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, API_TIMEOUT_MILLIS);
        config.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, API_TIMEOUT_MILLIS);
        admin = Admin.create(config);
        committedHeads = new HeadReader(kafka, IsolationLevel.READ_COMMITTED);
        openHeads = new HeadReader(kafka, IsolationLevel.READ_UNCOMMITTED);
    }

    String clusterId() throws ExecutionException, InterruptedException {
        return admin.describeCluster().clusterId().get();
    }

    /**
     * @throws ExecutionException if the brokers do not answer, with the reason as its cause
     */
    Map<PipelineStage, Standing> probe(List<PipelineStage> stages)
            throws ExecutionException, InterruptedException {
        Map<PipelineStage, Map<TopicPartition, OffsetAndMetadata>> committed = new HashMap<>();
        for (PipelineStage stage : stages) {
            committed.put(stage, committed(stage.group()));
        }
        TopicOffsets topics =
                TopicOffsets.ask(
                        admin, stages.stream().flatMap(stage -> stage.topics().stream()).toList());
        Map<TopicPartition, Long> positions = new HashMap<>();
        Map<TopicPartition, Range> readable = new HashMap<>();
        Map<TopicPartition, Range> open = new HashMap<>();
        for (PipelineStage stage : stages) {
            for (TopicPartition partition : partitions(stage, topics)) {
                Bounds log = topics.of(partition);
                long position =
                        LagRules.position(offset(committed.get(stage).get(partition)), log.start());
                positions.put(partition, position);
                readable.put(partition, new Range(position, log.lastStable()));
                open.put(partition, new Range(Math.max(position, log.lastStable()), log.end()));
            }
        }
        Map<TopicPartition, Head> firstReadable = committedHeads.read(readable);
        Map<TopicPartition, Head> firstOpen = openHeads.read(open);
        Map<PipelineStage, Standing> standings = new HashMap<>();
        for (PipelineStage stage : stages) {
            List<Place> places =
                    partitions(stage, topics).stream()
                            .map(
                                    partition ->
                                            new Place(
                                                    partition,
                                                    offset(committed.get(stage).get(partition)),
                                                    positions.get(partition),
                                                    topics.of(partition),
                                                    firstReadable.get(partition),
                                                    firstOpen.get(partition)))
                            .toList();
            Map<String, String> troubles = new TreeMap<>();
            for (String topic : stage.topics()) {
                topics.trouble(topic).ifPresent(why -> troubles.put(topic, why));
            }
            standings.put(stage, new Standing(places, troubles));
        }
        return standings;
    }

    private static List<TopicPartition> partitions(PipelineStage stage, TopicOffsets topics) {
        List<TopicPartition> partitions = new ArrayList<>();
        stage.topics().forEach(topic -> partitions.addAll(topics.partitions(topic)));
        return partitions;
    }

    /**
     * @return for each stage, how many consumers are in its group
     * @throws ExecutionException if the brokers do not answer, with the reason as its cause
     */
    Map<PipelineStage, Integer> members(List<PipelineStage> stages)
            throws ExecutionException, InterruptedException {
        List<String> groups = stages.stream().map(PipelineStage::group).toList();
        Map<String, KafkaFuture<ConsumerGroupDescription>> described =
                admin.describeConsumerGroups(groups).describedGroups();
        Map<PipelineStage, Integer> members = new HashMap<>();
        for (PipelineStage stage : stages) {
            members.put(stage, members(described.get(stage.group())));
        }
        return members;
    }

    private static int members(KafkaFuture<ConsumerGroupDescription> group)
            throws ExecutionException, InterruptedException {
        try {
            return group.get().members().size();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return 0;
            }
            throw e;
        }
    }

    private Map<TopicPartition, OffsetAndMetadata> committed(String group)
            throws ExecutionException, InterruptedException {
        try {
            return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return Map.of();
            }
            throw e;
        }
    }

    private static OptionalLong offset(OffsetAndMetadata committed) {
        return committed == null ? OptionalLong.empty() : OptionalLong.of(committed.offset());
    }

    @Override
    public void close() {
        admin.close(Duration.ZERO);
        committedHeads.close();
        openHeads.close();
    }
}
