package dev.nocturne.ingest.lag;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LagRulesTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // story,                               committed, start, stable, end, data, position, lag
        "behind,                                       10,     0,  15,  15, true,       10,   5",
        "nothing committed: all that is there,           ,     0,  15,  15, true,        0,  15",
        "nothing committed after retention,              ,     9,  15,  15, true,        9,   6",
        "retention has deleted what was committed,      4,     9,  15,  15, true,        9,   6",
        "drained,                                      15,     0,  15,  15, false,      15,   0",
        "drained but for a transaction's marker,       14,     0,  15,  15, false,      14,   0",
        "an aborted transaction and its marker,        10,     0,  15,  15, false,      10,   0",
        "empty topic,                                    ,     0,   0,   0, false,       0,   0",
        "everything deleted by retention,               7,    15,  15,  15, false,      15,   0",
        "committed beyond a log that was made anew,    99,     0,  15,  15, false,      99,   0",
        "never negative,                               99,     0,  15,  15, true,       99,   0",
        "behind an open transaction,                   15,     0,  15,  40, false,      15,  25",
        "a marker before an open transaction,          14,     0,  15,  40, false,      14,  25",
        "some before an open transaction,              10,     0,  15,  40, true,       10,  30",
    })
    void positionAndLag(
            String story,
            Long committed,
            long logStart,
            long lastStable,
            long logEnd,
            boolean dataRecordPending,
            long expectedPosition,
            long expectedLag) {
        OptionalLong offset = committed == null ? OptionalLong.empty() : OptionalLong.of(committed);

        long position = LagRules.position(offset, logStart);

        assertThat(position).isEqualTo(expectedPosition);
        assertThat(LagRules.lag(position, lastStable, logEnd, dataRecordPending))
                .isEqualTo(expectedLag);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "old record,             1000, 61500, 60.5",
        "written just now,       1000,  1000,    0",
        "the writer's clock is ahead, 5000, 1000, 0",
    })
    void lagSeconds(String story, long timestampMillis, long nowMillis, double expected) {
        assertThat(LagRules.lagSeconds(timestampMillis, nowMillis)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "moving,                 100, 4, 25",
        "standing still,         100, 0, ",
        "nothing left,             0, 4, 0",
        "nothing left and idle,    0, 0, 0",
    })
    void drainSeconds(String story, long lag, double rate, Double expected) {
        assertThat(LagRules.drainSeconds(lag, rate)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "nothing waits,                 0, false, 0, 9999, IDLE",
        "nobody reads,                  1, false, 0,    0, STOPPED",
        "read a moment ago,             1, false, 1,   10, WORKING",
        "a decode batch takes long,     1, false, 1,  179, WORKING",
        "nothing read for minutes,      1, false, 1,  180, STALLED",
        "an open transaction,           1, true,  1,  180, BLOCKED",
        "nobody would read anyway,      1, true,  0,  180, STOPPED",
    })
    void verdict(
            String story,
            long lag,
            boolean blocked,
            int members,
            long stillSeconds,
            LagReport.Verdict expected) {
        assertThat(LagRules.verdict(lag, blocked, members, Duration.ofSeconds(stillSeconds)))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 6, 0", "6, 6, 0", "7, 6, 1", "24, 6, 18"})
    void surplus(int members, int partitions, int expected) {
        assertThat(LagRules.surplus(members, partitions)).isEqualTo(expected);
    }

    @Test
    void aTransactionThatLastsMillisecondsIsNotWorthAWord() {
        assertThat(LagRules.isLongOpen(10_000, 10_500)).isFalse();
        assertThat(LagRules.isLongOpen(10_000, 12_000)).isTrue();
    }
}
