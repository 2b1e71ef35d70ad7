package dev.nocturne.ingest.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.ingest.job.WorkLeft;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One worker makes ten candidates a second, if nothing else is said. */
class ScaleRulesTest {

    private static final Instant NOW = Instant.parse("2026-11-26T20:00:00Z");
    private static final String NIGHT = "22:00-06:00 Europe/Berlin"; // 21:00 to 05:00 UTC
    private static final int PARTITIONS = 24;

    private static WorkLeft job(
            String id, long inFlight, long held, String window, String deadline) {
        return new WorkLeft(id, inFlight, held, true, Schedule.parse(null, window, deadline));
    }

    private static int workers(boolean hasLag, Instant now, double perSecond, WorkLeft... jobs) {
        return ScaleRules.workers(
                ScaleRules.due(List.of(jobs), hasLag, now), hasLag, perSecond, PARTITIONS, now);
    }

    private static int workers(WorkLeft... jobs) {
        return workers(true, NOW, 10, jobs);
    }

    @Test
    void nothingToDoNeedsNobody() {
        assertThat(workers(false, NOW, 10)).isZero();
        assertThat(workers(false, NOW, Double.NaN)).isZero();
    }

    /** All of it has passed this service, or was dropped because its job is stopped. */
    @Test
    void whatIsInFlightBehindTheServiceNeedsNobody() {
        assertThat(workers(false, NOW, 10, job("a", 2_000, 0, null, null))).isZero();
    }

    /** As behind an open transaction, or captions from Kafka of which no job is known yet. */
    @Test
    void whateverWaitsNeedsOne() {
        assertThat(workers(true, NOW, 10)).isEqualTo(1);
        assertThat(workers(job("a", 1, 0, null, null))).isEqualTo(1);
    }

    @Test
    void workWithoutADeadlineIsDoneInTenMinutes() {
        // 6,000 are ten minutes of one worker, and a quarter in reserve
        assertThat(workers(job("a", 4_800, 0, null, null))).isEqualTo(1);
        assertThat(workers(job("a", 4_801, 0, null, null))).isEqualTo(2);
        assertThat(workers(job("a", 1_000, 47_000, null, null))).isEqualTo(10);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-27T06:00:00Z, 1",
        "2026-11-26T22:00:00Z, 1",
        "2026-11-26T21:00:00Z, 2",
        "2026-11-26T20:30:00Z, 3",
        "2026-11-26T20:10:00Z, 8"
    })
    void theNearerTheDeadlineTheMoreWorkers(String deadline, int workers) {
        // an hour of one worker, and a quarter in reserve
        assertThat(workers(job("a", 1_000, 35_000, null, deadline))).isEqualTo(workers);
    }

    @Test
    void moreWorkThanPartitionsNeedsAllOfThem() {
        assertThat(workers(job("a", 1_000, 1_000_000, null, null))).isEqualTo(PARTITIONS);
        assertThat(workers(job("a", 1_000, 1_000_000, null, "2026-11-26T20:01:00Z")))
                .isEqualTo(PARTITIONS);
    }

    /** As many as help: a worker takes a minute to start. */
    @Test
    void aDeadlineThatCannotBeKeptStartsNoWorkerForLessThanAMinute() {
        String over = "2026-11-26T19:00:00Z";
        assertThat(workers(job("a", 1_000, 1_000_000, null, over))).isEqualTo(PARTITIONS);
        assertThat(workers(job("a", 1_900, 0, null, over))).isEqualTo(4);
        assertThat(workers(job("a", 16, 0, null, over))).isEqualTo(1);
    }

    @Test
    void outsideOfTheWindowOnlyWhatIsInFlightIsWork() {
        WorkLeft job = job("a", 9_600, 100_000, NIGHT, null);
        assertThat(workers(true, NOW, 10, job)).isEqualTo(2);
        assertThat(workers(false, NOW, 10, job)).isZero();
        assertThat(workers(false, NOW, 10, job("a", 0, 100_000, NIGHT, "2026-11-27T05:00:00Z")))
                .isZero();

        assertThat(workers(false, Instant.parse("2026-11-26T21:00:00Z"), 10, job)).isEqualTo(21);
    }

    @Test
    void aJobThatIsToStartLaterIsNoWork() {
        Schedule later = Schedule.parse("2026-11-26T20:00:01Z", null, null);
        WorkLeft job = new WorkLeft("a", 0, 100_000, true, later);
        assertThat(workers(false, NOW, 10, job)).isZero();
        assertThat(workers(false, NOW.plusSeconds(1), 10, job)).isPositive();
    }

    /** Eight hours a night: what is due after two nights needs half of the workers. */
    @Test
    void onlyHoursOfTheWindowCountUntilTheDeadline() {
        Instant opening = Instant.parse("2026-11-26T21:00:00Z");
        long fourWorkersNight = Math.round(4 * 8 * 3_600 * 10 / 1.25);
        WorkLeft one = job("a", 0, fourWorkersNight, NIGHT, "2026-11-27T12:00:00Z");
        WorkLeft two = job("a", 0, fourWorkersNight, NIGHT, "2026-11-28T12:00:00Z");

        assertThat(workers(false, opening, 10, one)).isEqualTo(4);
        assertThat(workers(false, opening, 10, two)).isEqualTo(2);
    }

    /** The nearer deadline gets half of the pipeline as long as there are two jobs. */
    @Test
    void jobsShareTheWorkers() {
        WorkLeft near = job("near", 0, 14_400, null, "2026-11-26T20:30:00Z");
        WorkLeft far = job("far", 0, 100_000, null, "2026-11-27T20:00:00Z");

        assertThat(workers(near)).isEqualTo(1);
        assertThat(workers(far)).isEqualTo(1);
        assertThat(workers(near, far)).isEqualTo(2);
    }

    @Test
    void oneTellsHowFastItIs() {
        assertThat(workers(true, NOW, Double.NaN, job("a", 1_000, 1_000_000, null, null)))
                .isEqualTo(1);
    }

    @Test
    void aFasterServiceNeedsFewer() {
        WorkLeft job = job("a", 1_000, 47_000, null, null);
        assertThat(workers(true, NOW, 20, job)).isEqualTo(5);
        assertThat(workers(true, NOW, 1_000, job)).isEqualTo(1);
    }
}
