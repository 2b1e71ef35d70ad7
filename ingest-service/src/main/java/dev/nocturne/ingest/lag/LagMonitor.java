package dev.nocturne.ingest.lag;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Rounds;
import dev.nocturne.ingest.lag.LagReport.LaneLag;
import dev.nocturne.ingest.lag.LagReport.PartitionLag;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicSizes;
import dev.nocturne.schemas.Lane;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures consumer lag every few seconds on a thread of its own. A report that could not be
 * renewed is withdrawn: no answer is better than a false one.
 */
public final class LagMonitor implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LagMonitor.class);
    private static final Duration PERIOD = Duration.ofSeconds(5);

    /** An answer of the brokers may take ten seconds, and a measurement needs several. */
    private static final Duration FRESH = Duration.ofMinutes(1);

    private static final Duration LONGEST_MEASUREMENT = Duration.ofMinutes(5);

    private final KafkaSettings kafka;
    private final List<PipelineStage> stages;
    private final LagMetrics metrics;
    private final Clock clock;
    private final Map<PipelineStage, CommitRate> rates = new HashMap<>();
    private LagProbe probe; // null until first used; the thread's own
    private String cluster; // likewise
    private final Map<PipelineStage, Instant> movedAt = new HashMap<>(); // likewise
    private final LagHistory history = new LagHistory();
    private final Rounds rounds = new Rounds("lag-monitor", PERIOD, LONGEST_MEASUREMENT);
    private volatile Consumer<State> listener = state -> {};
    private final AtomicReference<State> state =
            new AtomicReference<>(new State(null, "the first measurement is not done yet"));

    /**
     * What the last measurement came to.
     *
     * @param report null if it failed
     * @param outage why it failed, else null
     */
    public record State(LagReport report, String outage) {
        boolean isStale(Instant now) {
            return report != null
                    && Duration.between(report.measuredAt(), now).abs().compareTo(FRESH) > 0;
        }
    }

    public LagMonitor(
            KafkaSettings kafka, List<PipelineStage> stages, LagMetrics metrics, Clock clock) {
        this.kafka = kafka;
        this.stages = stages;
        this.metrics = metrics;
        this.clock = clock;
    }

    /**
     * Calls the listener with the outcome of each measurement, and with the first outage after one.
     * Before the start.
     */
    public void onMeasurement(Consumer<State> newListener) {
        listener = newListener;
    }

    public void start() {
        rounds.start(this::measure);
    }

    /**
     * @throws IngestException UNAVAILABLE if the last measurement failed
     */
    public LagReport latest() {
        State now = state();
        if (now.report() == null) {
            throw IngestException.unavailable(
                    "consumer lag is not known: %s: try again later".formatted(now.outage()), null);
        }
        return now.report();
    }

    /** A new object after every measurement; one without a report if the last is too old. */
    public State state() {
        State last = state.get();
        if (!last.isStale(clock.instant())) {
            return last;
        }
        withdraw(last, "the last measurement is of " + last.report().measuredAt());
        return state.get();
    }

    public Health health() {
        return rounds.health();
    }

    public LagHistory.View history() {
        return history.view();
    }

    private void measure() {
        try {
            LagReport report = report();
            history.add(report);
            renew(report);
        } catch (ExecutionException e) {
            withdraw(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closing
        } catch (Throwable e) { // the next measurement comes only if this one ends well
            withdraw(e);
        } finally {
            rounds.beat();
        }
    }

    private void renew(LagReport report) {
        state.set(new State(report, null));
        metrics.show(report); // whatever a registry does with it, the report is served
        listener.accept(state.get());
    }

    private void withdraw(Throwable reason) {
        withdraw(
                state.get(), reason.getMessage() == null ? reason.toString() : reason.getMessage());
    }

    /** Unless it has been renewed meanwhile. */
    private void withdraw(State last, String outage) {
        if (!state.compareAndSet(last, new State(null, outage))) {
            return;
        }
        if (last.outage() == null) {
            LOG.warn("ING-08 consumer lag could not be measured: {}", outage);
        }
        metrics.clear();
        listener.accept(state.get());
    }

    private LagReport report() throws ExecutionException, InterruptedException {
        if (probe == null) {
            probe = new LagProbe(kafka);
        }
        if (cluster == null) {
            cluster = probe.clusterId();
        }
        Map<PipelineStage, LagProbe.Standing> standings = probe.probe(stages);
        Map<PipelineStage, Integer> members = probe.members(stages);
        Instant now = clock.instant();
        List<StageLag> lags = new ArrayList<>();
        for (PipelineStage stage : stages) {
            lags.add(stageLag(stage, standings.get(stage), members.get(stage), now));
        }
        return new LagReport(now, cluster, lags);
    }

    private StageLag stageLag(
            PipelineStage stage, LagProbe.Standing standing, int members, Instant now) {
        List<PartitionLag> partitions =
                standing.partitions().stream().map(place -> partitionLag(place, now)).toList();
        boolean isWhole = standing.troubles().isEmpty();
        long lag = sum(partitions);
        long position = standing.partitions().stream().mapToLong(LagProbe.Place::position).sum();
        CommitRate before = rates.get(stage);
        if (before == null || before.position() != position || lag == 0) {
            movedAt.put(stage, now);
        }
        CommitRate rate =
                rates.compute(
                        stage,
                        (key, previous) ->
                                previous == null
                                        ? CommitRate.start(now, position, lag > 0)
                                        : previous.next(now, position, lag > 0));
        boolean blocked =
                standing.partitions().stream().noneMatch(place -> place.readable().present())
                        && partitions.stream().anyMatch(one -> one.openTransactionSince() != null);
        return new StageLag(
                stage.name(),
                stage.group(),
                stage.input().name(),
                isWhole ? lag : null,
                isWhole ? longest(partitions) : null,
                rate.perSecond(),
                isWhole ? LagRules.drainSeconds(lag, rate.perSecond()) : null,
                stage.topics().stream()
                        .map(
                                topic ->
                                        laneLag(
                                                stage.input().lane(topic),
                                                topic,
                                                partitions,
                                                !standing.troubles().containsKey(topic)))
                        .toList(),
                members,
                isWhole
                        ? LagRules.verdict(
                                lag, blocked, members, Duration.between(movedAt.get(stage), now))
                        : LagReport.Verdict.UNKNOWN,
                trouble(stage, standing, members, partitions),
                partitions);
    }

    private static LaneLag laneLag(
            Lane lane, String topic, List<PartitionLag> partitions, boolean isWhole) {
        List<PartitionLag> own =
                partitions.stream().filter(partition -> partition.topic().equals(topic)).toList();
        return new LaneLag(
                lane.name().toLowerCase(Locale.ROOT),
                topic,
                isWhole ? sum(own) : null,
                isWhole ? longest(own) : null);
    }

    private static long sum(List<PartitionLag> partitions) {
        return partitions.stream().mapToLong(PartitionLag::lag).sum();
    }

    private static PartitionLag partitionLag(LagProbe.Place place, Instant now) {
        Long openSince = place.open().timestampMillis();
        boolean isLongOpen =
                openSince != null && LagRules.isLongOpen(openSince, now.toEpochMilli());
        HeadReader.Head next = place.readable().present() ? place.readable() : place.open();
        Double lagSeconds = next.present() ? null : Double.valueOf(0);
        if (next.timestampMillis() != null) {
            lagSeconds = LagRules.lagSeconds(next.timestampMillis(), now.toEpochMilli());
        }
        return new PartitionLag(
                place.partition().topic(),
                place.partition().partition(),
                place.committed().isPresent() ? place.committed().getAsLong() : null,
                place.log().end(),
                LagRules.lag(
                        place.position(),
                        place.log().lastStable(),
                        place.log().end(),
                        place.readable().present()),
                lagSeconds,
                isLongOpen ? Instant.ofEpochMilli(openSince) : null);
    }

    /** Null if there is none. */
    private static String trouble(
            PipelineStage stage,
            LagProbe.Standing standing,
            int members,
            List<PartitionLag> partitions) {
        List<String> troubles = new ArrayList<>(standing.troubles().values());
        if (troubles.isEmpty() && TopicSizes.isSized(stage.input())) {
            String bulk = stage.input().name();
            int there = (int) partitions.stream().filter(one -> one.topic().equals(bulk)).count();
            int surplus = LagRules.surplus(members, there);
            if (surplus > 0) {
                troubles.add(
                        "%d of %d workers have none of the %d partitions of %s and wait: nocturne topics --raise %d"
                                .formatted(surplus, members, there, bulk, members));
            }
        }
        List<PartitionLag> waiting =
                partitions.stream().filter(one -> one.openTransactionSince() != null).toList();
        waiting.stream()
                .min(Comparator.comparing(PartitionLag::openTransactionSince))
                .ifPresent(first -> troubles.add(openTransaction(first, waiting.size() - 1)));
        return troubles.isEmpty() ? null : String.join("; ", troubles);
    }

    private static String openTransaction(PartitionLag first, int others) {
        return "waits behind an open transaction since %s (%s-%d%s), until its producer ends it or it times out"
                .formatted(
                        first.openTransactionSince().truncatedTo(ChronoUnit.SECONDS),
                        first.topic(),
                        first.partition(),
                        others == 0 ? "" : " and %d other partitions".formatted(others));
    }

    private static Double longest(List<PartitionLag> partitions) {
        double longest = 0;
        for (PartitionLag partition : partitions) {
            if (partition.lagSeconds() == null) {
                return null;
            }
            longest = Math.max(longest, partition.lagSeconds());
        }
        return longest;
    }

    @Override
    public void close() {
        if (rounds.stop() && probe != null) {
            probe.close();
        }
        listener.accept(new State(null, "closed"));
        metrics.clear(); // what nobody measures any more is not shown as if it were
    }
}
