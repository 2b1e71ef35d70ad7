package dev.nocturne.ingest.dispatch;

import dev.nocturne.ingest.BackgroundTask;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.job.JobIndex;
import dev.nocturne.ingest.job.JobLog;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.lag.PipelineStage;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes records that nothing needs any more, once they are old: others read the topics, too. Of
 * the log of jobs that is what no open job needs; of the topics between stages what every group of
 * the pipeline has read; of the copies of results in other forms all. Captions, which stages may
 * ask for again, and the decisions that rerank remembers, lest candidates that come again are
 * ranked again, are needed until nothing is in flight.
 */
public final class Trimming implements BackgroundTask {

    private static final Logger LOG = LoggerFactory.getLogger(Trimming.class);
    private static final Duration ROUND = Duration.ofMinutes(1);
    private static final Duration SHORTEST_ROUND = Duration.ofSeconds(5);
    private static final Duration LONGEST_ROUND = Duration.ofMinutes(10);

    /** In Kafka's words: how long one of its files grows; only whole ones leave the disk. */
    private static final String SEGMENT_MILLIS = "segment.ms";

    private static final Duration SEGMENT = Duration.ofDays(1);

    private static final Set<String> TOPICS =
            names(
                    Stream.concat(
                            JobLog.OF_JOBS.stream(),
                            Stream.of(
                                    Topics.CAPTIONS_JSON,
                                    Topics.CAPTIONS,
                                    Topics.GENERATION_TASKS,
                                    Topics.TOKEN_GRIDS,
                                    Topics.SCORED_GRIDS,
                                    Topics.SELECTIONS,
                                    Topics.RESULTS_JSON,
                                    Topics.RESULTS_AVRO)));

    private static final Set<String> CAPTIONS = names(Stream.of(Topics.CAPTIONS));

    /** Named by Kafka Streams, after the application and its store. */
    private static final Pattern DECISIONS = Pattern.compile("rerank-decided-requests.*-changelog");

    private final KafkaSettings kafka;
    private final JobIndex index;
    private final List<PipelineStage> readers;
    private final Supplier<LagReport> lag;
    private final Duration retention;
    private final Clock clock;
    private final Rounds rounds;

    // the thread's own
    private final Set<String> cut = new HashSet<>(); // whose files are short enough
    private boolean isRefused;

    /**
     * @param readers what one of these groups has not read stays
     * @param lag what was measured last; null: it is not known whether anything is in flight
     * @param retention null: nothing is deleted
     */
    public Trimming(
            KafkaSettings kafka,
            JobIndex index,
            List<PipelineStage> readers,
            Supplier<LagReport> lag,
            Duration retention,
            Clock clock) {
        this.kafka = kafka;
        this.index = index;
        this.readers = readers;
        this.lag = lag;
        this.retention = retention;
        this.clock = clock;
        boolean isShort = retention != null && retention.compareTo(ROUND.multipliedBy(10)) < 0;
        rounds = new Rounds("trimming", isShort ? SHORTEST_ROUND : ROUND, LONGEST_ROUND);
    }

    @Override
    public void start() {
        if (retention != null) {
            rounds.start(this::trim);
        }
    }

    @Override
    public Health health() {
        return rounds.health();
    }

    private void trim() {
        try (Admin admin = Admin.create(kafka.admin())) {
            Set<String> there = admin.listTopics().names().get();
            shorten(admin, there.stream().filter(TOPICS::contains).toList());
            // of another service, so that the right may be missing
            shorten(admin, there.stream().filter(DECISIONS.asMatchPredicate()).toList());
        } catch (ExecutionException e) {
            boolean isRefusal = e.getCause() instanceof AuthorizationException;
            if (isRefusal && !isRefused) {
                LOG.warn(
                        "ING-32 the log is not trimmed: {}: allow Delete and AlterConfigs of its topics, or set NOCTURNE_LOG_RETENTION=off",
                        e.getCause().getMessage());
            } else {
                LOG.debug("ING-32 the log is not trimmed", e);
            }
            isRefused |= isRefusal;
        } catch (Throwable e) { // the next round comes only if this one ends well
            if (!rounds.isStopped()) {
                LOG.warn("ING-32 the log is not trimmed: {}", e.toString());
            }
        } finally {
            rounds.beat();
        }
    }

    /** Of their lanes. */
    private static Set<String> names(Stream<? extends Topic<?>> topics) {
        return topics.<String>flatMap(topic -> topic.lanes().stream().map(Topic::name))
                .collect(Collectors.toSet());
    }

    private void shorten(Admin admin, List<String> topics)
            throws ExecutionException, InterruptedException {
        if (!topics.isEmpty()) {
            cut(admin, topics);
            delete(admin, topics);
        }
    }

    /** A short retention wants short files. */
    private void cut(Admin admin, List<String> topics)
            throws ExecutionException, InterruptedException {
        Duration wanted = retention.compareTo(SEGMENT) < 0 ? retention : SEGMENT;
        if (cut.containsAll(topics)) {
            return;
        }
        List<ConfigResource> resources =
                topics.stream()
                        .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
                        .toList();
        Map<ConfigResource, Config> configs = admin.describeConfigs(resources).all().get();
        Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
        configs.forEach(
                (resource, config) -> {
                    String has = config.get(SEGMENT_MILLIS).value();
                    if (Long.parseLong(has) > wanted.toMillis()) {
                        ConfigEntry must =
                                new ConfigEntry(SEGMENT_MILLIS, Long.toString(wanted.toMillis()));
                        changes.put(
                                resource,
                                List.of(new AlterConfigOp(must, AlterConfigOp.OpType.SET)));
                    }
                });
        if (!changes.isEmpty()) {
            admin.incrementalAlterConfigs(changes).all().get();
        }
        cut.addAll(topics);
    }

    private void delete(Admin admin, List<String> topics)
            throws ExecutionException, InterruptedException {
        List<TopicPartition> partitions = partitions(admin, topics);
        LagReport report = lag.get();
        boolean isNothingInFlight = report != null && report.isEmpty();
        Instant oldest = clock.instant().minus(retention);
        if (isNothingInFlight && report.measuredAt().isBefore(oldest)) {
            oldest = report.measuredAt(); // what came later may be in flight
        }
        Map<TopicPartition, Long> beginnings = offsets(admin, partitions, OffsetSpec.earliest());
        Map<TopicPartition, Long> ends = offsets(admin, partitions, OffsetSpec.latest());
        Map<TopicPartition, Long> young =
                offsets(admin, partitions, OffsetSpec.forTimestamp(oldest.toEpochMilli()));
        Map<String, Long> logStart = index.logStart();
        Map<TopicPartition, Long> readTo = readTo(admin, partitions);
        Map<TopicPartition, RecordsToDelete> deletions = new HashMap<>();
        for (TopicPartition partition : partitions) {
            long end = ends.get(partition);
            long old = young.get(partition) < 0 ? end : young.get(partition);
            long unneeded = end;
            if (JobLog.isOfJobs(partition)) {
                unneeded = logStart.getOrDefault(partition.toString(), 0L);
            } else if (isNeededInFlight(partition.topic()) && !isNothingInFlight) {
                unneeded = 0;
            }
            long before = Math.min(Math.min(end, old), unneeded);
            before = Math.min(before, readTo.getOrDefault(partition, before));
            if (before > beginnings.get(partition)) {
                deletions.put(partition, RecordsToDelete.beforeOffset(before));
            }
        }
        if (!deletions.isEmpty()) {
            admin.deleteRecords(deletions).all().get();
            LOG.debug("ING-32 trimmed {}", deletions);
        }
    }

    private static boolean isNeededInFlight(String topic) {
        return CAPTIONS.contains(topic) || DECISIONS.matcher(topic).matches();
    }

    /** Of the partitions that a group reads: how far all of these have come. */
    private Map<TopicPartition, Long> readTo(Admin admin, List<TopicPartition> partitions)
            throws ExecutionException, InterruptedException {
        Map<TopicPartition, Long> readTo = new HashMap<>();
        for (PipelineStage reader : readers) {
            if (partitions.stream().noneMatch(one -> reader.topics().contains(one.topic()))) {
                continue;
            }
            Map<TopicPartition, OffsetAndMetadata> committed =
                    admin.listConsumerGroupOffsets(reader.group())
                            .partitionsToOffsetAndMetadata()
                            .get();
            for (TopicPartition partition : partitions) {
                if (reader.topics().contains(partition.topic())) {
                    OffsetAndMetadata at = committed.get(partition);
                    readTo.merge(partition, at == null ? 0 : at.offset(), Math::min);
                }
            }
        }
        return readTo;
    }

    private static List<TopicPartition> partitions(Admin admin, List<String> topics)
            throws ExecutionException, InterruptedException {
        List<TopicPartition> partitions = new ArrayList<>();
        for (TopicDescription topic : admin.describeTopics(topics).allTopicNames().get().values()) {
            topic.partitions()
                    .forEach(
                            one ->
                                    partitions.add(
                                            new TopicPartition(topic.name(), one.partition())));
        }
        return partitions;
    }

    private static Map<TopicPartition, Long> offsets(
            Admin admin, List<TopicPartition> partitions, OffsetSpec spec)
            throws ExecutionException, InterruptedException {
        Map<TopicPartition, OffsetSpec> asked =
                partitions.stream().collect(Collectors.toMap(one -> one, one -> spec));
        Map<TopicPartition, Long> offsets = new HashMap<>();
        for (Map.Entry<TopicPartition, ListOffsetsResultInfo> one :
                admin.listOffsets(asked).all().get().entrySet()) {
            offsets.put(one.getKey(), one.getValue().offset());
        }
        return offsets;
    }

    @Override
    public void close() {
        rounds.stop();
    }
}
