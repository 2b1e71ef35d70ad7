package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpenWorkTest {

    private static final Instant NOW = Instant.parse("2026-01-01T20:00:00Z");

    private static Job job(Job.Status status, int left, FinishEstimate estimate) {
        return new Job(
                "job-1",
                status,
                new Job.Counts(9, 9 - left, 0, 0, 0, left),
                NOW,
                null,
                0,
                null,
                estimate,
                null,
                false,
                null,
                null,
                null,
                null,
                null,
                null,
                List.of());
    }

    private static FinishEstimate between(int earliest, int latest) {
        return new FinishEstimate(NOW.plusSeconds(earliest), NOW.plusSeconds(latest));
    }

    @Test
    void theLastJobEndsBetweenTheLatestOfBothEnds() {
        assertThat(
                        OpenWork.of(
                                List.of(
                                        job(Job.Status.IN_PROGRESS, 4, between(10, 90)),
                                        job(Job.Status.FINALIZING, 0, null),
                                        job(Job.Status.IN_PROGRESS, 5, between(30, 60)))))
                .isEqualTo(new OpenWork(3, 9, between(30, 90)));
    }

    @Test
    void nobodyCanTellTheEndOfAllIfNobodyCanTellThatOfOne() {
        FinishEstimate known = between(1, 2);
        assertThat(
                        OpenWork.of(
                                List.of(
                                        job(Job.Status.IN_PROGRESS, 4, known),
                                        job(Job.Status.IN_PROGRESS, 1, null))))
                .isEqualTo(new OpenWork(2, 5, null));
        assertThat(
                        OpenWork.of(
                                        List.of(
                                                job(Job.Status.IN_PROGRESS, 4, known),
                                                job(Job.Status.VALIDATING, 0, null)))
                                .estimatedFinish())
                .isNull();
        assertThat(OpenWork.of(List.of())).isEqualTo(new OpenWork(0, 0, null));
    }
}
