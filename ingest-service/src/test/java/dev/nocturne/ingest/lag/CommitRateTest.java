package dev.nocturne.ingest.lag;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class CommitRateTest {

    private static final Instant START = Instant.parse("2026-01-01T20:00:00Z");
    private static final Offset<Double> TINY = Offset.offset(1e-9);

    @Test
    void nothingIsKnownFromOneSample() {
        assertThat(CommitRate.start(START, 100, true).perSecond()).isZero();
    }

    @Test
    void isRightFromTheSecondSampleOn() {
        CommitRate rate = CommitRate.start(START, 100, true).next(START.plusSeconds(5), 120, true);

        assertThat(rate.perSecond()).isEqualTo(4, TINY);
    }

    @Test
    void smoothsCommitsThatComeInBatches() {
        CommitRate rate = CommitRate.start(START, 0, true);
        for (int second = 5; second <= 1_200; second += 5) {
            rate = rate.next(START.plusSeconds(second), second / 30 * 60, true);
        }

        assertThat(rate.perSecond()).isBetween(1.6, 2.4);
    }

    @Test
    void fadesWhenAStageStandsStillBeforeItsBacklog() {
        CommitRate rate = CommitRate.start(START, 0, true).next(START.plusSeconds(60), 600, true);
        double moving = rate.perSecond();
        for (int second = 65; second <= 660; second += 5) {
            rate = rate.next(START.plusSeconds(second), 600, true);
        }

        assertThat(moving).isEqualTo(10, TINY);
        assertThat(rate.perSecond()).isBetween(0.0, 0.1);
    }

    @Test
    void idleTimeDoesNotCount() {
        CommitRate idle = CommitRate.start(START, 600, false);
        idle = idle.next(START.plusSeconds(3_600), 600, true);
        assertThat(idle.perSecond()).isZero();

        CommitRate busy = idle.next(START.plusSeconds(3_605), 610, true);

        assertThat(busy.perSecond()).isEqualTo(2, TINY);
    }

    @Test
    void aGroupThatWasSetBackHasMadeNoProgress() {
        CommitRate rate = CommitRate.start(START, 600, true).next(START.plusSeconds(5), 0, true);

        assertThat(rate.perSecond()).isZero();
    }
}
