package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.Failure;
import dev.nocturne.events.FileProblem;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobRejected;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobStopped;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StopReason;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.Problem;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.SeedSchemes;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

public class JobStateTest {

    private static final String JOB = "job-1";
    private static final Instant START = Instant.parse("2026-01-01T20:00:00Z");

    public static JobSubmitted submitted(String job, int total) {
        return new JobSubmitted(job, total, START, null);
    }

    public static RequestFinished completed(String job, String customId, int second) {
        String requestId = Ids.requestId(job, customId);
        String key = "jobs/%s/images/%s/1.png".formatted(job, requestId);
        StoredImage image = new StoredImage(1, key, "00ff", 1234L, 3, 42L, 0.5f, -7.5);
        return new RequestFinished(
                new RequestRef(job, requestId, customId, "a red heart"),
                RequestStatus.COMPLETED,
                List.of(image),
                null,
                START.plusSeconds(second));
    }

    public static RequestFinished failed(String job, String customId, int second) {
        return new RequestFinished(
                new RequestRef(job, Ids.requestId(job, customId), customId, "a red heart"),
                RequestStatus.FAILED,
                List.of(),
                new Failure("model_error", "generator", "no picture", null, null),
                START.plusSeconds(second));
    }

    @Test
    void countsEveryRequestOnceByItsFirstResult() {
        JobState job = new JobState(JOB);
        job.add(submitted(JOB, 3));
        add(job, completed(JOB, "a", 1));
        add(job, failed(JOB, "a", 2));
        add(job, failed(JOB, "b", 3));
        job.add(submitted(JOB, 7));

        Job status = job.at(START.plusSeconds(10), null);

        assertThat(status.status()).isEqualTo(Job.Status.IN_PROGRESS);
        assertThat(status.counts()).isEqualTo(new Job.Counts(3, 1, 1, 0, 0, 1));
        assertThat(status.finishedAt()).isNull();
    }

    @Test
    void toleratesResultsBeforeTheJob() {
        JobState job = new JobState(JOB);
        add(job, completed(JOB, "a", 1));
        assertThat(job.isKnown()).isFalse();
        assertThat(job.allFinished()).isFalse();

        job.add(submitted(JOB, 1));

        assertThat(job.allFinished()).isTrue();
    }

    @Test
    void completesWhenItIsClosed() {
        JobState job = new JobState(JOB);
        job.add(submitted(JOB, 2));
        add(job, completed(JOB, "a", 10));
        add(job, failed(JOB, "b", 4));
        assertThat(job.at(START.plusSeconds(11), null).status()).isEqualTo(Job.Status.FINALIZING);

        job.add(event(11, job.closing()));
        add(job, completed(JOB, "b", 12));

        Job status = job.at(START.plusSeconds(20), null);
        assertThat(status.status()).isEqualTo(Job.Status.COMPLETED);
        assertThat(status.counts()).isEqualTo(new Job.Counts(2, 1, 1, 0, 0, 0));
        assertThat(status.finishedAt()).isEqualTo(START.plusSeconds(10));
        assertThat(status.ratePerSecond()).isEqualTo(0.2);
        assertThat(status.etaSeconds()).isZero();
    }

    @Test
    void rateIsThatOfTheLastMinutes() {
        JobState job = new JobState(JOB);
        job.add(submitted(JOB, 1_000));
        for (int i = 0; i < 600; i++) {
            add(job, completed(JOB, "slow-" + i, 0));
        }
        Job stalled = job.at(START.plusSeconds(601), null);
        assertThat(stalled.ratePerSecond()).isZero();
        assertThat(stalled.etaSeconds()).isNull();

        for (int second = 601; second < 661; second++) {
            add(job, completed(JOB, "fast-" + second, second));
        }

        Job moving = job.at(START.plusSeconds(661), null);
        assertThat(moving.ratePerSecond()).isEqualTo(60.0 / 300, Offset.offset(1e-9));
        assertThat(moving.etaSeconds()).isEqualTo(340 / 0.2, Offset.offset(1e-6));
    }

    private static JobState released(Instant deadline) {
        JobState job = new JobState(JOB);
        JobCreated created = (JobCreated) created().getChange();
        job.add(event(0, JobCreated.newBuilder(created).setDeadline(deadline).build()));
        job.add(submitted(JOB, 100));
        job.add(event(0, new JobReleased(0, 100, 1_600L)));
        return job;
    }

    /** On every instance, whoever has released them. */
    @Test
    void whatIsOutIsKnownFromTheLog() {
        JobState job = released(null);
        assertThat(job.waitingCandidates()).isEqualTo(1_600);
        assertThat(job.at(START, null).waitingFor()).isEqualTo("its turn");

        job.add(event(1, new JobReleased(40, 60, 960L)));
        assertThat(job.waitingCandidates()).isEqualTo(1_600);
        assertThat(job.at(START, null).waitingFor()).isNull();

        for (int i = 0; i < 10; i++) {
            add(job, completed(JOB, "a" + i, 2));
        }
        assertThat(job.waitingCandidates()).isEqualTo(1_600 - 160);
        job.add(event(1, new JobReleased(100, 0, 0L)));
        assertThat(job.waitingCandidates()).isEqualTo(1_600 - 160);
    }

    @Test
    void theTimeThatIsLeftIsThatOfTheEstimate() {
        JobState job = released(null);
        add(job, completed(JOB, "a", 2));
        FinishEstimate estimate =
                new FinishEstimate(START.plusSeconds(3_600), START.plusSeconds(7_210));

        assertThat(job.at(START.plusSeconds(10), estimate).etaSeconds()).isEqualTo(7_200);
        assertThat(job.at(START.plusSeconds(8_000), estimate).etaSeconds()).isZero();
    }

    @Test
    void aDeadlineIsAtRiskBeforeAnEstimateSaysSoIfItIsOver() {
        JobState job = released(START.plusSeconds(60));
        FinishEstimate inTime = new FinishEstimate(START, START.plusSeconds(50));
        FinishEstimate late = new FinishEstimate(START, START.plusSeconds(70));

        assertThat(job.at(START.plusSeconds(10), null).deadlineAtRisk()).isFalse();
        assertThat(job.at(START.plusSeconds(10), inTime).deadlineAtRisk()).isFalse();
        assertThat(job.at(START.plusSeconds(10), late).deadlineAtRisk()).isTrue();
        assertThat(job.at(START.plusSeconds(61), null).deadlineAtRisk()).isTrue();
        assertThat(job.batch(START.plusSeconds(61), null).deadlineAtRisk()).isTrue();
    }

    @Test
    void rateOfAYoungJobIsThatOfItsOwnTime() {
        JobState job = new JobState(JOB);
        job.add(submitted(JOB, 100));
        add(job, completed(JOB, "a", 2));
        add(job, completed(JOB, "b", 4));

        assertThat(job.at(START.plusSeconds(10), null).ratePerSecond()).isEqualTo(0.2);
        assertThat(job.at(START.minus(Duration.ofHours(1)), null).ratePerSecond()).isEqualTo(2.0);
    }

    @Test
    void aStoppedJobIsClosedWhenTheRestIsWrittenOff() {
        JobState job = new JobState(JOB);
        job.add(created());
        assertThat(job.batch(START, null).status()).isEqualTo(Job.Status.VALIDATING);

        add(job, completed(JOB, "a", 1)); // results may be read before the start
        assertThat(job.batch(START, null).requestCounts())
                .isEqualTo(new Batch.Counts(0, 0, 0, 0, 0, 0));

        job.add(submitted(JOB, 3));
        assertThat(job.batch(START, null).status()).isEqualTo(Job.Status.IN_PROGRESS);
        assertThat(job.batch(START, null).requestCounts())
                .isEqualTo(new Batch.Counts(3, 1, 0, 0, 0, 2));

        job.add(event(5, new JobStopped(StopReason.CANCELLED)));
        job.add(event(6, new JobStopped(StopReason.EXPIRED)));
        assertThat(job.batch(START, null).status()).isEqualTo(Job.Status.CANCELLING);

        add(job, cancelled("b", 7));
        add(job, cancelled("c", 7));
        add(job, completed(JOB, "c", 8));
        assertThat(job.allFinished()).isTrue();
        assertThat(job.batch(START, null).requestCounts())
                .isEqualTo(new Batch.Counts(3, 1, 0, 2, 0, 0));

        job.add(event(9, job.closing()));
        Batch closed = job.batch(START, null);
        assertThat(closed.status()).isEqualTo(Job.Status.CANCELLED);
        assertThat(closed.cancellingAt()).isEqualTo(START.getEpochSecond() + 5);
        assertThat(closed.cancelledAt()).isEqualTo(START.getEpochSecond() + 9);
        assertThat(closed.completedAt()).isNull();
        assertThat(closed.requestCounts()).isEqualTo(new Batch.Counts(3, 1, 0, 2, 0, 0));
        assertThat(closed.outputFileId()).isEqualTo("file-1-output");
        assertThat(closed.errorFileId()).isEqualTo("file-1-errors");
    }

    @Test
    void whatComesAfterTheEndChangesNothing() {
        JobState job = new JobState(JOB);
        job.add(created());
        job.add(event(1, new JobRejected(List.of(new FileProblem(3, "prompt", "c", "m")))));
        job.add(event(2, new JobStopped(StopReason.CANCELLED)));

        Batch batch = job.batch(START, null);
        assertThat(batch.status()).isEqualTo(Job.Status.FAILED);
        assertThat(batch.failedAt()).isEqualTo(START.getEpochSecond() + 1);
        assertThat(batch.cancellingAt()).isNull();
        assertThat(batch.errors().data()).containsExactly(new Problem(3, "prompt", "c", "m"));
        assertThat(batch.outputFileId()).isNull();
    }

    /** The topics are read side by side, so only the order within each is given. */
    @Test
    void theOrderOfTheTopicsChangesNothing() {
        List<Consumer<JobState>> events =
                List.of(
                        job -> job.add(created()),
                        job -> job.add(event(9, new JobClosed(1, 1, 0, 0, START.plusSeconds(8)))));
        List<Consumer<JobState>> results =
                List.of(
                        job -> add(job, completed(JOB, "a", 3)),
                        job -> add(job, failed(JOB, "b", 8)));
        Batch expected = null;
        for (List<Consumer<JobState>> first : List.of(events, results)) {
            JobState job = new JobState(JOB);
            first.forEach(read -> read.accept(job));
            job.add(submitted(JOB, 2));
            (first == events ? results : events).forEach(read -> read.accept(job));
            expected = expected == null ? job.batch(START, null) : expected;
            assertThat(job.batch(START, null)).isEqualTo(expected);
            assertThat(job.batch(START, null).status()).isEqualTo(Job.Status.COMPLETED);
        }
    }

    private static JobEvent created() {
        return event(0, created("file-1", START.plusSeconds(86_400)));
    }

    /** Of a batch that may take until then. */
    public static JobCreated created(String inputFileId, Instant expires) {
        return new JobCreated(
                inputFileId,
                false,
                "24h",
                expires,
                Map.of(),
                "http://localhost/",
                null,
                null,
                null,
                null,
                null,
                null,
                false,
                null,
                SeedSchemes.FIRST_IS_OWN,
                null);
    }

    private static JobEvent event(int second, Object change) {
        return new JobEvent(JOB, START.plusSeconds(second), change);
    }

    private static RequestFinished cancelled(String customId, int second) {
        return RequestFinished.newBuilder(failed(JOB, customId, second))
                .setStatus(RequestStatus.CANCELLED)
                .build();
    }

    private static void add(JobState job, RequestFinished result) {
        job.add(result, 0, 0);
    }
}
