package dev.nocturne.runtime;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;

import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;

/**
 * Settings of topics that somebody else has made or changed, where they lose what the pipeline
 * keeps there: records that are deleted too early, compacted away, or dated by a stranger's clock.
 * Longer retention is anybody's choice.
 */
public final class TopicSettings {

    private static final String RETENTION = "retention.ms";
    private static final String UNLIMITED = "-1";

    /**
     * One that loses records.
     *
     * @param has what it is
     * @param must what it has to be
     */
    public record Loss(String topic, String setting, String has, String must) {

        /** One line, with the remedy. */
        @Override
        public String toString() {
            return "topic %s has %s=%s and must have %s, or records are lost: kafka-configs.sh --alter --entity-type topics --entity-name %1$s --add-config %2$s=%4$s"
                    .formatted(topic, setting, has, must);
        }
    }

    private TopicSettings() {}

    /**
     * What loses records at the moment. Topics that are not there have no settings.
     *
     * @throws ExecutionException if the brokers do not answer, or refuse
     */
    public static List<Loss> losses(Admin admin, TopicSizes sizes)
            throws ExecutionException, InterruptedException {
        Map<ConfigResource, Topic<?>> topics = new LinkedHashMap<>();
        var present = admin.listTopics().names().get();
        for (Topic<?> topic : Topics.ALL) {
            if (present.contains(topic.name())) {
                topics.put(resource(topic.name()), topic);
            }
        }
        Map<ConfigResource, Config> configs = admin.describeConfigs(topics.keySet()).all().get();
        List<Loss> losses = new ArrayList<>();
        topics.forEach(
                (resource, topic) ->
                        sizes.config(topic)
                                .forEach(
                                        (setting, must) -> {
                                            ConfigEntry has = configs.get(resource).get(setting);
                                            if (has != null && loses(setting, has.value(), must)) {
                                                losses.add(
                                                        new Loss(
                                                                topic.name(),
                                                                setting,
                                                                has.value(),
                                                                must));
                                            }
                                        }));
        return losses;
    }

    static boolean loses(String setting, String has, String must) {
        if (setting.equals(Topic.SEGMENT_BYTES) || setting.equals(TopicSizes.MIN_INSYNC_REPLICAS)) {
            return false;
        }
        if (!setting.equals(RETENTION)) {
            return !has.equals(must);
        }
        return !has.equals(UNLIMITED)
                && (must.equals(UNLIMITED) || Long.parseLong(has) < Long.parseLong(must));
    }

    /**
     * Sets what has to be.
     *
     * @throws ExecutionException if the brokers do not answer, or refuse
     */
    public static void mend(Admin admin, List<Loss> losses)
            throws ExecutionException, InterruptedException {
        Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
        for (Loss loss : losses) {
            changes.computeIfAbsent(resource(loss.topic()), topic -> new ArrayList<>())
                    .add(
                            new AlterConfigOp(
                                    new ConfigEntry(loss.setting(), loss.must()),
                                    AlterConfigOp.OpType.SET));
        }
        if (changes.isEmpty()) {
            return;
        }
        admin.incrementalAlterConfigs(changes).all().get();
    }

    /**
     * What {@link #mend} has done.
     *
     * @return a line for each setting, and each value that it had
     */
    public static List<String> mended(List<Loss> losses) {
        Map<String, String> topicsByChange =
                losses.stream()
                        .collect(
                                groupingBy(
                                        loss ->
                                                "%s was %s, which can lose records, and is %s now"
                                                        .formatted(
                                                                loss.setting(),
                                                                loss.has(),
                                                                loss.must()),
                                        LinkedHashMap::new,
                                        mapping(Loss::topic, joining(", "))));
        return topicsByChange.entrySet().stream()
                .map(change -> "%s: %s".formatted(change.getValue(), change.getKey()))
                .toList();
    }

    private static ConfigResource resource(String topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }
}
