package dev.nocturne.rerank;

import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the topics of the state as many partitions as {@code scored-grids} has, which Streams
 * demands and does not do itself once they are there. What is pending stays where it is, and so do
 * the candidates that are still to come, see {@link Topic#followsInput}.
 */
final class Changelogs {

    private static final Logger LOG = LoggerFactory.getLogger(Changelogs.class);

    private Changelogs() {}

    /**
     * @return whether any had too few
     * @throws TransientException if no broker answers
     * @throws FatalException if one has too many, which only a person can mend, or the brokers
     *     refuse
     */
    static boolean grow(KafkaSettings kafka) {
        try (Admin admin = Admin.create(kafka.admin())) {
            Set<String> present = admin.listTopics().names().get();
            boolean grown = false;
            for (Lane lane : Lane.values()) {
                String source = Topics.SCORED_GRIDS.in(lane).name();
                for (String changelog : RerankTopology.changelogs(lane)) {
                    if (present.contains(source) && present.contains(changelog)) {
                        grown |= grow(admin, source, changelog);
                    }
                }
            }
            return grown;
        } catch (KafkaException e) {
            throw kafka.asStageException("cannot look at the partitions of scored-grids", e);
        } catch (ExecutionException e) {
            throw kafka.asStageException(
                    "cannot grow the state of rerank",
                    e.getCause() instanceof KafkaException cause
                            ? cause
                            : new KafkaException(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TransientException("interrupted while looking at partitions", e);
        }
    }

    private static boolean grow(Admin admin, String source, String changelog)
            throws ExecutionException, InterruptedException {
        Map<String, Integer> partitions = new HashMap<>();
        for (TopicDescription topic :
                admin.describeTopics(Set.of(source, changelog)).allTopicNames().get().values()) {
            partitions.put(topic.name(), topic.partitions().size());
        }
        int wanted = partitions.get(source);
        int there = partitions.get(changelog);
        if (there > wanted) {
            throw new FatalException(
                    "%s has %d partitions, but the state in %s has %d: kafka-topics.sh --alter --topic %s --partitions %d"
                            .formatted(source, wanted, changelog, there, source, there));
        }
        if (there == wanted) {
            return false;
        }
        TopicAdmin.raise(admin, changelog, wanted);
        LOG.warn(
                "{} has {} partitions now, {} had {}: grown, too",
                source,
                wanted,
                changelog,
                there);
        return true;
    }
}
