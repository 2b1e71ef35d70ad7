package dev.nocturne.ingest.lag;

import dev.nocturne.ingest.lag.LagReport.StageLag;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Consumer lag under the names of kafka-lag-exporter, whose dashboards exist, and what it lacks
 * under our own. A value that is not known is NaN.
 */
public final class LagMetrics {

    private final MultiGauge lag;
    private final MultiGauge maxLag;
    private final MultiGauge maxLagSeconds;
    private final MultiGauge sumLag;
    private final MultiGauge topicSumLag;
    private final MultiGauge backlog;
    private final MultiGauge rate;
    private final MultiGauge drainSeconds;
    private final MultiGauge members;
    private final MultiGauge verdict;
    private final MultiGauge openTransactionSeconds;

    public LagMetrics(MeterRegistry registry) {
        String prefix = "kafka.consumergroup.group.";
        lag = gauge(registry, prefix + "lag", "offsets behind the end of the partition");
        maxLag = gauge(registry, prefix + "max.lag", "longest lag of a partition");
        maxLagSeconds = gauge(registry, prefix + "max.lag.seconds", "longest time lag");
        sumLag = gauge(registry, prefix + "sum.lag", "lag over all partitions");
        topicSumLag = gauge(registry, prefix + "topic.sum.lag", "lag over a topic: one lane's");
        backlog = gauge(registry, "nocturne.stage.backlog", "offsets not processed yet");
        rate = gauge(registry, "nocturne.stage.rate.per.second", "recent progress in offsets");
        drainSeconds = gauge(registry, "nocturne.stage.drain.seconds", "time to drain the backlog");
        members = gauge(registry, "nocturne.stage.members", "workers that read");
        verdict = gauge(registry, "nocturne.stage.verdict", "1: the stage in one word, the label");
        openTransactionSeconds =
                gauge(
                        registry,
                        "nocturne.stage.open.transaction.seconds",
                        "age of the oldest transaction that holds records back; 0: none does");
    }

    private static MultiGauge gauge(MeterRegistry registry, String name, String description) {
        return MultiGauge.builder(name).description(description).register(registry);
    }

    void show(LagReport report) {
        String cluster = report.cluster();
        List<StageLag> stages = report.stages();
        lag.register(partitionRows(cluster, stages, LagReport.PartitionLag::lag), true);
        maxLag.register(
                groupRows(
                        cluster,
                        stages,
                        stage ->
                                stage.partitions().stream()
                                        .mapToLong(LagReport.PartitionLag::lag)
                                        .max()
                                        .orElse(0)),
                true);
        maxLagSeconds.register(
                groupRows(cluster, stages, stage -> known(stage.lagSeconds())), true);
        sumLag.register(groupRows(cluster, stages, stage -> known(stage.lag())), true);
        topicSumLag.register(topicRows(cluster, stages), true);
        backlog.register(stageRows(stages, stage -> known(stage.lag())), true);
        rate.register(stageRows(stages, StageLag::ratePerSecond), true);
        drainSeconds.register(stageRows(stages, stage -> known(stage.drainSeconds())), true);
        members.register(stageRows(stages, StageLag::members), true);
        verdict.register(verdictRows(stages), true);
        openTransactionSeconds.register(
                stageRows(stages, stage -> openSeconds(stage, report.measuredAt())), true);
    }

    void clear() {
        Stream.of(
                        lag,
                        maxLag,
                        maxLagSeconds,
                        sumLag,
                        topicSumLag,
                        backlog,
                        rate,
                        drainSeconds,
                        members,
                        verdict,
                        openTransactionSeconds)
                .forEach(gauge -> gauge.register(List.of(), true));
    }

    private static double known(Number value) {
        return value == null ? Double.NaN : value.doubleValue();
    }

    private static List<Row<?>> partitionRows(
            String cluster, List<StageLag> stages, Function<LagReport.PartitionLag, Number> value) {
        return stages.stream()
                .flatMap(
                        stage ->
                                stage.partitions().stream()
                                        .<Row<?>>map(
                                                partition ->
                                                        Row.of(
                                                                groupTags(cluster, stage)
                                                                        .and(
                                                                                "topic",
                                                                                partition.topic(),
                                                                                "partition",
                                                                                Integer.toString(
                                                                                        partition
                                                                                                .partition())),
                                                                value.apply(partition))))
                .toList();
    }

    private static List<Row<?>> groupRows(
            String cluster, List<StageLag> stages, Function<StageLag, Number> value) {
        return stages.stream()
                .<Row<?>>map(stage -> Row.of(groupTags(cluster, stage), value.apply(stage)))
                .toList();
    }

    private static List<Row<?>> topicRows(String cluster, List<StageLag> stages) {
        return stages.stream()
                .flatMap(
                        stage ->
                                stage.lanes().stream()
                                        .<Row<?>>map(
                                                lane ->
                                                        Row.of(
                                                                groupTags(cluster, stage)
                                                                        .and("topic", lane.topic()),
                                                                known(lane.lag()))))
                .toList();
    }

    private static List<Row<?>> stageRows(List<StageLag> stages, Function<StageLag, Number> value) {
        return stages.stream()
                .<Row<?>>map(stage -> Row.of(Tags.of("stage", stage.stage()), value.apply(stage)))
                .toList();
    }

    private static List<Row<?>> verdictRows(List<StageLag> stages) {
        return stages.stream()
                .<Row<?>>map(
                        stage ->
                                Row.of(
                                        Tags.of(
                                                "stage",
                                                stage.stage(),
                                                "verdict",
                                                stage.verdict().name().toLowerCase(Locale.ROOT)),
                                        1))
                .toList();
    }

    private static double openSeconds(StageLag stage, Instant now) {
        return stage.partitions().stream()
                .map(LagReport.PartitionLag::openTransactionSince)
                .filter(Objects::nonNull)
                .mapToDouble(since -> Duration.between(since, now).toMillis() / 1000.0)
                .max()
                .orElse(0);
    }

    private static Tags groupTags(String cluster, StageLag stage) {
        return Tags.of("cluster.name", cluster, "group", stage.group());
    }
}
