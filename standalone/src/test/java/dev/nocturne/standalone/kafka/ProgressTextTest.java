package dev.nocturne.standalone.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.standalone.rest.JobLine;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressTextTest {
    private static final long START = 5;

    private static long at(long seconds) {
        return START + TimeUnit.SECONDS.toNanos(seconds);
    }

    @Test
    void theRateIsThatOfTheLastHalfMinute() {
        StageProgress draw = new StageProgress("draw", 400, at(0));
        draw.add(100, at(10));
        assertThat(draw.rate(at(10))).isEqualTo(10);
        assertThat(draw.secondsLeft(at(10))).isEqualTo(30);

        draw.add(20, at(60));
        draw.add(20, at(70));
        assertThat(draw.rate(at(70))).isEqualTo(2);
        assertThat(draw.done()).isEqualTo(140);
    }

    @Test
    void theSlowestStageSaysWhenAllIsDone() {
        StageProgress draw = new StageProgress("draw", 100, at(0));
        draw.add(10, at(10));
        StageProgress finish = new StageProgress("finish", 10, at(0));
        finish.add(5, at(10));

        List<String> lines = ProgressText.of(List.of(draw, finish), at(10)).lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).startsWith("draw").contains("10/100", "1.0/s", "1:30 left");
        assertThat(lines.get(1)).startsWith("finish").contains("5/10", "0:10 left");
        assertThat(lines.get(2)).isEqualTo("in all   draw 10/100  finish 5/10  1:30 left");
    }

    @Test
    void saysWhenNothingMovesAndWhenAllIsDone() {
        StageProgress draw = new StageProgress("draw", 4, at(0));
        assertThat(ProgressText.of(List.of(draw), at(10))).endsWith("draw 0/4  waiting");
        draw.add(4, at(20));
        assertThat(ProgressText.of(List.of(draw), at(20))).endsWith("draw 4/4  done");
    }

    @Test
    void timesFromAnHourOnShowHours() {
        assertThat(JobLine.time(59.6)).isEqualTo("1:00");
        assertThat(JobLine.time(3_725)).isEqualTo("1:02:05");
    }
}
