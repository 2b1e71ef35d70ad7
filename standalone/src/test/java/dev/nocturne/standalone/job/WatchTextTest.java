package dev.nocturne.standalone.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.lag.LagReport;
import dev.nocturne.ingest.lag.LagReport.StageLag;
import dev.nocturne.standalone.rest.JobAnswer;
import dev.nocturne.standalone.rest.JobLine;
import java.io.IOException;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchTextTest {
    private static final ZonedDateTime NOW = ZonedDateTime.parse("2026-03-02T22:00:00Z");

    private static JobAnswer job(String status, int done, int failed, int total, String more)
            throws IOException {
        return new JobAnswer(
                new ObjectMapper()
                        .readTree(
                                """
                                {"id":"batch_01k0abcdefghjkmnpqrstvwxyz","status":"%s",
                                 "counts":{"total":%d,"completed":%d,"failed":%d,"in_progress":%d},
                                 "rate_per_second":0.5%s}"""
                                        .formatted(
                                                status,
                                                total,
                                                done,
                                                failed,
                                                total - done - failed,
                                                more)));
    }

    private static StageLag stage(String name, Long lag, Double drainSeconds) {
        return new StageLag(
                name,
                name,
                name,
                lag,
                1.0,
                1.25,
                drainSeconds,
                List.of(),
                1,
                LagReport.Verdict.WORKING,
                lag == null ? "topic captions is not there" : null,
                List.of());
    }

    private static LagReport lag(StageLag... stages) {
        return new LagReport(Instant.EPOCH, "c", List.of(stages));
    }

    @Test
    void aBarOfTheJobAndOneOfEachBacklog() throws IOException {
        String more =
                """
                ,"eta_seconds":18900.0,"deadline":"2026-03-03T06:00:00Z","deadline_at_risk":true,
                "estimated_finish":{"earliest":"2026-03-03T03:15:00Z","latest":"2026-03-03T06:20:00Z"},
                "waiting_for":"the window from 22:00"
                """;
        WatchText text = new WatchText(false);
        List<String> lines =
                text.of(
                                job("in_progress", 49, 1, 100, more),
                                lag(stage("encoder", 0L, 0.0), stage("generator", 600L, 480.0)),
                                NOW)
                        .lines()
                        .toList();

        assertThat(lines)
                .containsExactly(
                        "batch_01k0abcdefghjkmnpqrstvwxyz  in progress  0.50 captions/s",
                        "captions      ["
                                + "#".repeat(15)
                                + " ".repeat(15)
                                + "] 50/100  50 %  1 failed",
                        "finish        Tue 03:15 to Tue 06:20, 5:15:00 left, deadline Tue 06:00 at risk",
                        "waiting       the window from 22:00",
                        "",
                        "encoder       [" + " ".repeat(30) + "] 0 waiting, 1.3/s",
                        "generator     [" + "#".repeat(30) + "] 600 waiting, 1.3/s, 8:00 left");
        assertThat(lines).allMatch(line -> line.length() <= 80);
        // the longest backlog so far stays the measure
        assertThat(
                        text.of(
                                job("in_progress", 50, 0, 100, ""),
                                lag(stage("generator", 1L, null)),
                                NOW))
                .contains("generator     [#" + " ".repeat(29) + "] 1 waiting, 1.3/s");
    }

    @Test
    void whatIsNotKnownIsSaidOrLeftOut() throws IOException {
        assertThat(new WatchText(false).of(job("validating", 0, 0, 0, ""), null, NOW).lines())
                .containsExactly(
                        "batch_01k0abcdefghjkmnpqrstvwxyz  validating  0.50 captions/s",
                        "captions      [" + " ".repeat(30) + "] 0/0  0 %",
                        "finish        not known yet");
        String finished = ",\"eta_seconds\":0,\"finished_at\":\"2026-03-02T21:58:00Z\"";
        assertThat(new WatchText(false).of(job("finalizing", 3, 0, 3, finished), null, NOW))
                .endsWith("finish        21:58, its files are being written");
        assertThat(JobLine.of(job("finalizing", 3, 0, 3, finished), NOW)).endsWith("captions/s");
        assertThat(
                        new WatchText(false)
                                .of(job("completed", 3, 0, 3, ",\"eta_seconds\":0"), null, NOW)
                                .lines())
                .hasSize(2);
    }

    @Test
    void aStageWhoseTopicIsGoneSaysSoAndTheOthersGoOn() throws IOException {
        assertThat(
                        new WatchText(false)
                                .of(
                                        job("in_progress", 1, 0, 4, ""),
                                        lag(
                                                stage("encoder", null, null),
                                                stage("json-captions", 2L, null)),
                                        NOW)
                                .lines())
                .endsWith(
                        "encoder       not known: topic captions is not there",
                        "json-captions [" + "#".repeat(30) + "] 2 waiting, 1.3/s");
    }

    @Test
    void coloursAreOnlyThereIfTheyAreWanted() throws IOException {
        JobAnswer job = job("in_progress", 1, 1, 4, ",\"eta_seconds\":60.0");
        assertThat(new WatchText(true).of(job, null, NOW)).contains("\u001b[32m#", "\u001b[31m1 f");
        assertThat(new WatchText(false).of(job, null, NOW)).doesNotContain("\u001b");
    }

    @Test
    void timesSayTheDayUnlessItIsToday() {
        assertThat(JobLine.at(Instant.parse("2026-03-02T01:05:00Z"), NOW)).isEqualTo("01:05");
        assertThat(JobLine.at(Instant.parse("2026-03-03T01:05:00Z"), NOW)).isEqualTo("Tue 01:05");
        assertThat(JobLine.at(Instant.parse("2026-02-20T01:05:00Z"), NOW)).isEqualTo("20 Feb 26");
    }
}
