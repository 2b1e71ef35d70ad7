package dev.nocturne.runtime;

import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates the topics of the catalogue. */
public final class TopicAdmin {

    private static final Logger LOG = LoggerFactory.getLogger(TopicAdmin.class);

    private TopicAdmin() {}

    /**
     * Creates each topic of {@link Topics#ALL} that is not there, with the brokers' default
     * replication. Topics that are there stay as they are.
     *
     * @throws TransientException if no broker answers
     * @throws FatalException if the brokers refuse
     */
    public static void createMissing(KafkaSettings settings) {
        try (Admin admin = Admin.create(settings.admin())) {
            Set<String> present = admin.listTopics().names().get();
            List<NewTopic> missing =
                    Topics.ALL.stream()
                            .filter(topic -> !present.contains(topic.name()))
                            .map(TopicAdmin::newTopic)
                            .toList();
            for (var created : admin.createTopics(missing).values().entrySet()) {
                try {
                    created.getValue().get();
                    LOG.info("created topic {}", created.getKey());
                } catch (ExecutionException e) {
                    // another service was faster
                    if (!(e.getCause() instanceof TopicExistsException)) {
                        throw e;
                    }
                }
            }
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

    private static NewTopic newTopic(Topic<?> topic) {
        return new NewTopic(topic.name(), Optional.of(topic.partitions()), Optional.empty())
                .configs(topic.config());
    }
}
