package dev.nocturne.ingest;

import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.StageException;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes topics again that have been deleted while services run; what was in them is sent again.
 * Names those that have got partitions that some reader does not read.
 */
final class TopicWatch implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(TopicWatch.class);
    private static final Duration LOOK = Duration.ofSeconds(20);

    /** Of each there is a reader that knows one partition. */
    private static final List<String> SINGLE =
            List.of(Topics.JOB_EVENTS.name(), Topics.DEAD_LETTERS.name());

    private static final Duration LONGEST_LOOK = Duration.ofMinutes(10);

    private final KafkaSettings kafka;
    private final Rounds rounds = new Rounds("topic-watch", LOOK, LONGEST_LOOK);
    private volatile String trouble = "";

    TopicWatch(KafkaSettings kafka) {
        this.kafka = kafka;
    }

    @Override
    public void start() {
        rounds.start(this::look);
    }

    @Override
    public Health health() {
        Health alive = rounds.health();
        return alive.live() ? new Health(true, true, trouble) : alive;
    }

    private void look() {
        try {
            TopicAdmin.createMissing(kafka);
            nameWide();
        } catch (StageException e) {
            LOG.debug("ING-17 not known whether all topics are there", e);
        } catch (Throwable e) { // the next look comes only if this one ends well
            LOG.warn("ING-17 not known whether all topics are there: {}", e.toString());
        } finally {
            rounds.beat();
        }
    }

    private void nameWide() throws ExecutionException, InterruptedException {
        List<String> wide = new ArrayList<>();
        try (Admin admin = Admin.create(kafka.admin())) {
            admin.describeTopics(SINGLE).allTopicNames().get().values().stream()
                    .filter(topic -> topic.partitions().size() > 1)
                    .map(
                            topic ->
                                    "topic %s has %d partitions, it must have 1: records in the others are not seen"
                                            .formatted(topic.name(), topic.partitions().size()))
                    .sorted()
                    .forEach(wide::add);
        }
        String now = String.join("; ", wide);
        if (!now.isEmpty() && !now.equals(trouble)) {
            LOG.error("ING-18 {}", now);
        }
        trouble = now;
    }

    @Override
    public void close() {
        rounds.stop();
    }
}
