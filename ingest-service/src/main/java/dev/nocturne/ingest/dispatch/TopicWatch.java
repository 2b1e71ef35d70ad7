package dev.nocturne.ingest.dispatch;

import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.StageException;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TopicSettings;
import dev.nocturne.runtime.TopicSettings.Loss;
import dev.nocturne.runtime.TopicShapes;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.AuthorizationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes topics again that have been deleted while services run; what was in them is sent again.
 * Names those that have got partitions that some reader does not read, or settings that lose
 * records; those that it finds at the start, on topics that a client was the first to make, it
 * mends. Later ones are somebody's will.
 */
public final class TopicWatch implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(TopicWatch.class);
    private static final Duration LOOK = Duration.ofSeconds(20);

    /** Of each there is a reader that knows one partition. */
    private static final List<String> SINGLE =
            List.of(Topics.JOB_EVENTS.name(), Topics.DEAD_LETTERS.name());

    private static final Duration LONGEST_LOOK = Duration.ofMinutes(10);

    private final KafkaSettings kafka;
    private final Rounds rounds = new Rounds("topic-watch", LOOK, LONGEST_LOOK);
    private boolean mended; // the thread's own
    private boolean refused; // likewise: settings cannot even be read
    private volatile String trouble = "";

    public TopicWatch(KafkaSettings kafka) {
        this.kafka = kafka;
    }

    @Override
    public void start() {
        rounds.start(this::look);
    }

    @Override
    public Health health() {
        return rounds.health(trouble);
    }

    private void look() {
        try {
            TopicAdmin.createMissing(kafka);
            check();
        } catch (StageException e) {
            LOG.debug("ING-17 not known whether all topics are there", e);
        } catch (Throwable e) { // the next look comes only if this one ends well
            LOG.warn("ING-17 not known whether all topics are there: {}", e.toString());
        } finally {
            rounds.beat();
        }
    }

    private void check() throws ExecutionException, InterruptedException {
        List<String> troubles = new ArrayList<>();
        try (Admin admin = Admin.create(kafka.admin())) {
            admin.describeTopics(SINGLE).allTopicNames().get().values().stream()
                    .filter(topic -> topic.partitions().size() > 1)
                    .map(
                            topic ->
                                    "topic %s has %d partitions, it must have 1: records in the others are not seen"
                                            .formatted(topic.name(), topic.partitions().size()))
                    .sorted()
                    .forEach(troubles::add);
            losses(admin).forEach(loss -> troubles.add(loss.toString()));
        }
        String now = String.join("; ", troubles);
        if (!now.isEmpty() && !now.equals(trouble)) {
            LOG.error("ING-18 {}", now);
        }
        trouble = now;
    }

    /** Those that stay. */
    private List<Loss> losses(Admin admin) throws ExecutionException, InterruptedException {
        if (refused) {
            return List.of();
        }
        List<Loss> losses = List.of();
        try {
            losses = TopicSettings.losses(admin, kafka.topics());
            if (mended) {
                return losses;
            }
            TopicSettings.mend(admin, losses);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof AuthorizationException)) {
                throw e;
            }
            LOG.warn(
                    "ING-19 settings of topics are not seen to: {}: see that they lose no records, or allow DescribeConfigs and AlterConfigs",
                    e.getCause().getMessage());
            refused = losses.isEmpty();
            mended = true;
            return losses;
        }
        mended = true;
        TopicSettings.mended(losses).forEach(line -> LOG.warn("ING-19 mended: {}", line));
        TopicShapes.faults(TopicShapes.read(admin), kafka.topics())
                .forEach(line -> LOG.warn("ING-19 {}", line));
        return List.of();
    }

    @Override
    public void close() {
        rounds.stop();
    }
}
