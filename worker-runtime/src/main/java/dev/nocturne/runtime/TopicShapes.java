package dev.nocturne.runtime;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;

import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.ToIntFunction;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;

/**
 * What topics have fewer of than the settings say: partitions, replicas, replicas that must be in
 * sync. Nothing is lost of it while all is well, and most of it takes a person's decision; so it is
 * told and not mended.
 */
public final class TopicShapes {

    /**
     * @param minInsyncReplicas those without which nothing is written
     */
    public record Shape(String topic, int partitions, int replicas, int minInsyncReplicas) {}

    private TopicShapes() {}

    /**
     * Asks the brokers for the shapes of the topics that are there, in the order of the catalogue.
     *
     * @throws ExecutionException if the brokers do not answer, or refuse
     */
    public static List<Shape> read(Admin admin) throws ExecutionException, InterruptedException {
        Set<String> present = admin.listTopics().names().get();
        List<String> names =
                Topics.ALL.stream().<String>map(Topic::name).filter(present::contains).toList();
        Map<String, TopicDescription> there = admin.describeTopics(names).allTopicNames().get();
        Map<ConfigResource, Config> configs =
                admin.describeConfigs(names.stream().map(TopicShapes::resource).toList())
                        .all()
                        .get();
        return names.stream()
                .map(name -> shape(there.get(name), configs.get(resource(name))))
                .toList();
    }

    private static Shape shape(TopicDescription there, Config config) {
        return new Shape(
                there.name(),
                there.partitions().size(),
                there.partitions().stream()
                        .mapToInt(partition -> partition.replicas().size())
                        .min()
                        .orElse(0),
                Integer.parseInt(config.get(TopicSizes.MIN_INSYNC_REPLICAS).value()));
    }

    /** A line for each fault, with the command that mends it. */
    public static List<String> faults(List<Shape> shapes, TopicSizes sizes) {
        Set<String> alike =
                Topics.ALL.stream()
                        .filter(TopicSizes::isSized)
                        .<String>map(Topic::name)
                        .collect(toSet());
        List<Shape> sized = shapes.stream().filter(shape -> alike.contains(shape.topic)).toList();
        int most = sized.stream().mapToInt(Shape::partitions).max().orElse(0);
        int wanted = Math.max(most, sizes.partitions());
        List<String> faults = new ArrayList<>();
        faults.addAll(
                fewer(
                        sized,
                        Shape::partitions,
                        wanted,
                        "partitions",
                        "as %s, or fewer workers of a stage work: nocturne topics --raise %d"
                                .formatted(
                                        most > sizes.partitions()
                                                ? "others have"
                                                : TopicSizes.PARTITIONS_VARIABLE + " says",
                                        wanted)));
        faults.addAll(
                fewer(
                        shapes,
                        Shape::replicas,
                        sizes.replication().orElse(0),
                        "replicas",
                        "as %s says, or records go with a broker: kafka-reassign-partitions.sh --execute, as docs/kafka.md shows"
                                .formatted(TopicSizes.REPLICATION_VARIABLE)));
        faults.addAll(
                fewer(
                        shapes,
                        Shape::minInsyncReplicas,
                        sizes.minInsyncReplicas().orElse(0),
                        "as " + TopicSizes.MIN_INSYNC_REPLICAS,
                        "as %s says, or what is confirmed may go with a broker: kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config %s=%d"
                                .formatted(
                                        TopicSizes.MIN_INSYNC_VARIABLE,
                                        TopicSizes.MIN_INSYNC_REPLICAS,
                                        sizes.minInsyncReplicas().orElse(0))));
        return faults;
    }

    private static ConfigResource resource(String topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }

    /** A line for each number that topics have. */
    private static List<String> fewer(
            List<Shape> shapes,
            ToIntFunction<Shape> number,
            int wanted,
            String what,
            String remedy) {
        return shapes.stream()
                .filter(shape -> number.applyAsInt(shape) < wanted)
                .collect(
                        groupingBy(
                                number::applyAsInt,
                                TreeMap::new,
                                mapping(Shape::topic, joining(", "))))
                .entrySet()
                .stream()
                .map(
                        few ->
                                "%s: %d %s, must have %d, %s"
                                        .formatted(
                                                few.getValue(), few.getKey(), what, wanted, remedy))
                .toList();
    }
}
