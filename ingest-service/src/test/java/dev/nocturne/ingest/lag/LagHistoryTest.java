package dev.nocturne.ingest.lag;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.ingest.lag.LagReport.Verdict;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class LagHistoryTest {

    private static final Instant START = Instant.parse("2026-05-01T00:00:00Z");

    private final LagHistory history = new LagHistory();

    private void add(long second, String stage, long lag, Double lagSeconds) {
        StageLag one =
                new StageLag(
                        stage,
                        stage,
                        "t",
                        lag,
                        lagSeconds,
                        0,
                        null,
                        List.of(),
                        1,
                        Verdict.WORKING,
                        null,
                        List.of());
        history.add(new LagReport(START.plusSeconds(second), "cluster", List.of(one)));
    }

    @Test
    void nothingIsThereBeforeTheFirstMeasurement() {
        assertThat(history.view()).isEqualTo(new LagHistory.View(List.of(), List.of()));
    }

    @Test
    void anHourIsKeptAndNoMore() {
        for (long second = 0; second <= 7_200; second += 5) {
            add(second, "encoder", second, 1.5);
        }

        LagHistory.View view = history.view();
        assertThat(view.measuredAt()).hasSize(721);
        assertThat(view.measuredAt().get(0)).isEqualTo(START.plusSeconds(3_600));
        assertThat(view.stages().get(0).lag()).hasSize(721).startsWith(3_600L).endsWith(7_200L);
    }

    @Test
    void whatWasNotKnownIsNull() {
        add(0, "encoder", 3, null);
        add(5, "generator", 4, 2.0);

        assertThat(history.view().stages())
                .singleElement()
                .satisfies(
                        stage -> {
                            assertThat(stage.stage()).isEqualTo("generator");
                            assertThat(stage.lag()).containsExactly(null, 4L);
                            assertThat(stage.lagSeconds()).containsExactly(null, 2.0);
                        });
    }
}
