package dev.nocturne.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.Failure;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.schemas.Ids;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class JobStateTest {

    private static final String JOB = "job-1";
    private static final Instant START = Instant.parse("2026-01-01T20:00:00Z");

    static JobSubmitted submitted(String job, int total) {
        return new JobSubmitted(job, total, START);
    }

    static RequestFinished completed(String job, String customId, int second) {
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

    static RequestFinished failed(String job, String customId, int second) {
        return new RequestFinished(
                new RequestRef(job, Ids.requestId(job, customId), customId, "a red heart"),
                RequestStatus.FAILED,
                List.of(),
                new Failure("model_error", "generator", "no picture"),
                START.plusSeconds(second));
    }

    @Test
    void countsEveryRequestOnceByItsFirstResult() {
        JobState job = new JobState(JOB);
        job.add(submitted(JOB, 3));
        job.add(completed(JOB, "a", 1));
        job.add(failed(JOB, "a", 2));
        job.add(failed(JOB, "b", 3));
        job.add(submitted(JOB, 7));

        Job status = job.at(START.plusSeconds(10));

        assertThat(status.status()).isEqualTo(Job.Status.IN_PROGRESS);
        assertThat(status.counts()).isEqualTo(new Job.Counts(3, 1, 1, 1));
        assertThat(status.finishedAt()).isNull();
    }

    @Test
    void toleratesResultsBeforeTheJob() {
        JobState job = new JobState(JOB);
        job.add(completed(JOB, "a", 1));
        assertThat(job.isSubmitted()).isFalse();
        assertThat(job.allFinished()).isFalse();

        job.add(submitted(JOB, 1));

        assertThat(job.allFinished()).isTrue();
    }

    @Test
    void completesWhenTheManifestIsStored() {
        JobState job = new JobState(JOB);
        job.add(submitted(JOB, 2));
        job.add(completed(JOB, "a", 10));
        job.add(failed(JOB, "b", 4));
        assertThat(job.at(START.plusSeconds(11)).status()).isEqualTo(Job.Status.FINALIZING);

        job.manifestStored();
        job.add(completed(JOB, "b", 12));

        Job status = job.at(START.plusSeconds(20));
        assertThat(status.status()).isEqualTo(Job.Status.COMPLETED);
        assertThat(status.counts()).isEqualTo(new Job.Counts(2, 1, 1, 0));
        assertThat(status.finishedAt()).isEqualTo(START.plusSeconds(10));
        assertThat(status.ratePerSecond()).isEqualTo(0.2);
        assertThat(status.etaSeconds()).isZero();
    }

    @Test
    void rateIsThatOfTheLastMinutes() {
        JobState job = new JobState(JOB);
        job.add(submitted(JOB, 1_000));
        for (int i = 0; i < 600; i++) {
            job.add(completed(JOB, "slow-" + i, 0));
        }
        Job stalled = job.at(START.plusSeconds(601));
        assertThat(stalled.ratePerSecond()).isZero();
        assertThat(stalled.etaSeconds()).isNull();

        for (int second = 601; second < 661; second++) {
            job.add(completed(JOB, "fast-" + second, second));
        }

        Job moving = job.at(START.plusSeconds(661));
        assertThat(moving.ratePerSecond()).isEqualTo(60.0 / 300, Offset.offset(1e-9));
        assertThat(moving.etaSeconds()).isEqualTo(340 / 0.2, Offset.offset(1e-6));
    }

    @Test
    void rateOfAYoungJobIsThatOfItsOwnTime() {
        JobState job = new JobState(JOB);
        job.add(submitted(JOB, 100));
        job.add(completed(JOB, "a", 2));
        job.add(completed(JOB, "b", 4));

        assertThat(job.at(START.plusSeconds(10)).ratePerSecond()).isEqualTo(0.2);
        assertThat(job.at(START.minus(Duration.ofHours(1))).ratePerSecond()).isEqualTo(2.0);
    }

    @Test
    void theManifestIsTheSameBytesInWhateverOrderTheEventsCome() throws IOException {
        List<RequestFinished> results = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            results.add(i % 7 == 0 ? failed(JOB, "line-" + i, i) : completed(JOB, "line-" + i, i));
        }
        byte[] expected = manifest(results).toJson();

        Random random = new Random(1);
        for (int shuffle = 0; shuffle < 5; shuffle++) {
            Collections.shuffle(results, random);
            assertThat(manifest(results).toJson()).isEqualTo(expected);
        }

        Manifest read = Manifest.fromJson(expected);
        assertThat(read).isEqualTo(manifest(results));
        assertThat(read.total()).isEqualTo(50);
        assertThat(read.failed()).isEqualTo(8);
        assertThat(read.finishedAt()).isEqualTo(START.plusSeconds(49));
    }

    private static Manifest manifest(List<RequestFinished> results) {
        JobState job = new JobState(JOB);
        results.subList(0, 20).forEach(job::add);
        job.add(submitted(JOB, results.size()));
        results.subList(20, results.size()).forEach(job::add);
        return job.manifest();
    }
}
