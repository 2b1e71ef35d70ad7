package dev.nocturne.ingest.dispatch;

import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.dispatch.HangingTransactions.Hanging;
import dev.nocturne.ingest.lag.TopicOffsets;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends transactions that hang, see {@link HangingTransactions}: a stage stands still before one for
 * ever, and so does rerank before one in its changelogs. A broker leaves them when it dies alone,
 * in the middle of them.
 */
public final class TransactionWatch implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(TransactionWatch.class);

    /**
     * @param look for them so often; whom two looks find is ended
     * @param longest that any transaction may take, see Kafka's {@code transaction.max.timeout.ms}
     */
    public record Timing(Duration look, Duration longest) {
        public static final Timing DEFAULT =
                new Timing(Duration.ofSeconds(10), Duration.ofMinutes(15));
    }

    private static final Duration LONGEST_LOOK = Duration.ofMinutes(10);

    /** Where groups' positions are, which are committed in transactions. */
    private static final String OFFSETS =
            org.apache.kafka.common.internals.Topic.GROUP_METADATA_TOPIC_NAME;

    private static final Set<String> NAMES =
            Topics.ALL.stream().map(Topic::name).collect(Collectors.toSet());

    private final KafkaSettings kafka;
    private final Clock clock;
    private final Timing timing;
    private final Rounds rounds;
    private Set<Hanging> suspects = Set.of(); // of the last look; the thread's own
    private volatile String trouble = "";

    public TransactionWatch(KafkaSettings kafka, Clock clock, Timing timing) {
        this.kafka = kafka;
        this.clock = clock;
        this.timing = timing;
        rounds = new Rounds("transaction-watch", timing.look(), LONGEST_LOOK);
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
        try (Admin admin = Admin.create(kafka.admin())) {
            List<Hanging> found =
                    HangingTransactions.find(
                            admin, halted(admin), clock.instant(), timing.longest());
            List<String> troubles = new ArrayList<>();
            for (Hanging hanging : found) {
                if (suspects.contains(hanging)) {
                    end(admin, hanging, troubles);
                }
            }
            suspects = new HashSet<>(found);
            String now = String.join("; ", troubles);
            if (!now.isEmpty() && !now.equals(trouble)) {
                LOG.error("ING-35 {}", now);
            }
            trouble = now;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closing
        } catch (Throwable e) { // the next look comes only if this one ends well
            LOG.debug("ING-36 not known whether transactions hang", e);
        } finally {
            rounds.beat();
        }
    }

    /** Partitions of the pipeline in which a transaction is open. */
    private static List<TopicPartition> halted(Admin admin)
            throws ExecutionException, InterruptedException {
        List<String> topics = new ArrayList<>(List.of(OFFSETS));
        admin.listTopics().names().get().stream()
                .filter(TransactionWatch::isOfPipeline)
                .forEach(topics::add);
        TopicOffsets offsets = TopicOffsets.ask(admin, topics);
        return topics.stream()
                .flatMap(topic -> offsets.partitions(topic).stream())
                .filter(partition -> offsets.of(partition).isHeldUp())
                .toList();
    }

    /** The changelogs are named by Kafka Streams. */
    private static boolean isOfPipeline(String topic) {
        return NAMES.contains(topic) || topic.startsWith("rerank-") && topic.endsWith("-changelog");
    }

    private void end(Admin admin, Hanging hanging, List<String> troubles)
            throws InterruptedException {
        try {
            admin.abortTransaction(hanging.abortion()).all().get();
            LOG.warn(
                    "ING-35 the {} was open, and no coordinator would have ended it: aborted, so that what is behind it is read",
                    hanging);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof AuthorizationException)) { // the others are tried
                troubles.add(
                        "the %s holds up all readers, and could not be aborted, which is tried again: %s"
                                .formatted(hanging, e.getCause().getMessage()));
                return;
            }
            troubles.add(
                    "the %s holds up all readers, and may not be aborted: allow ClusterAction, or have an administrator run: kafka-transactions.sh --bootstrap-server %s abort --topic %s --partition %d --start-offset %d"
                            .formatted(
                                    hanging,
                                    kafka.bootstrapServers(),
                                    hanging.partition().topic(),
                                    hanging.partition().partition(),
                                    hanging.startOffset()));
        }
    }

    @Override
    public void close() {
        rounds.stop();
    }
}
