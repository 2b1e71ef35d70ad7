package dev.nocturne.ingest.lag;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.ingest.lag.LagReport.PartitionLag;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.ingest.lag.LagReport.Verdict;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LagMetricsTest {

    private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final LagMetrics metrics = new LagMetrics(meters);

    /**
     * @param openSeconds of each partition since when a transaction is open; null: none is
     */
    private void show(Verdict verdict, int members, Integer... openSeconds) {
        List<PartitionLag> partitions =
                Arrays.stream(openSeconds)
                        .map(
                                open ->
                                        new PartitionLag(
                                                "captions",
                                                0,
                                                1L,
                                                9,
                                                8,
                                                1.0,
                                                open == null ? null : NOW.minusSeconds(open)))
                        .toList();
        StageLag stage =
                new StageLag(
                        "encoder",
                        "encoder",
                        "captions",
                        8L,
                        1.0,
                        0,
                        null,
                        List.of(),
                        members,
                        verdict,
                        null,
                        partitions);
        metrics.show(new LagReport(NOW, "cluster", List.of(stage)));
    }

    private double value(String name) {
        return meters.get("nocturne.stage." + name).gauge().value();
    }

    @Test
    void aStageHasOneVerdictWhichIsItsLabel() {
        show(Verdict.WORKING, 2, (Integer) null);
        show(Verdict.STALLED, 2, (Integer) null);

        assertThat(meters.get("nocturne.stage.verdict").gauges())
                .singleElement()
                .satisfies(
                        gauge -> {
                            assertThat(gauge.getId().getTag("verdict")).isEqualTo("stalled");
                            assertThat(gauge.value()).isEqualTo(1);
                        });
        assertThat(value("members")).isEqualTo(2);
    }

    @Test
    void theOldestOpenTransactionCounts() {
        show(Verdict.BLOCKED, 1, null, 40, 90);
        assertThat(value("open.transaction.seconds")).isEqualTo(90);

        show(Verdict.WORKING, 1, (Integer) null);
        assertThat(value("open.transaction.seconds")).isZero();
    }
}
