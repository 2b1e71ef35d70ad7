package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.ingest.job.JobFilter.Kind;
import dev.nocturne.ingest.job.JobFilter.State;
import org.junit.jupiter.api.Test;

class JobFilterTest {

    private static final Job.Counts GOOD = new Job.Counts(2, 2, 0, 0, 0, 0);

    private static boolean has(State state, Job.Status status, Job.Counts counts) {
        return new JobFilter(state, null, null).matches("job-1", null, status, counts);
    }

    @Test
    void aJobIsOpenOrDone() {
        for (Job.Status status : Job.Status.values()) {
            assertThat(has(State.DONE, status, GOOD)).isEqualTo(status.isTerminal());
            assertThat(has(State.OPEN, status, GOOD)).isEqualTo(!status.isTerminal());
        }
    }

    @Test
    void failedIsWhateverSomeoneMustLookAt() {
        Job.Status done = Job.Status.COMPLETED;
        assertThat(has(State.FAILED, done, GOOD)).isFalse();
        assertThat(has(State.FAILED, done, new Job.Counts(2, 1, 1, 0, 0, 0))).isTrue();
        assertThat(has(State.FAILED, done, new Job.Counts(2, 1, 0, 0, 1, 0))).isTrue();
        assertThat(has(State.FAILED, Job.Status.CANCELLED, new Job.Counts(2, 1, 0, 1, 0, 0)))
                .as("somebody wanted that")
                .isFalse();
        assertThat(has(State.FAILED, Job.Status.FAILED, new Job.Counts(0, 0, 0, 0, 0, 0))).isTrue();
        assertThat(has(State.FAILED, Job.Status.IN_PROGRESS, new Job.Counts(2, 0, 1, 0, 0, 1)))
                .as("already")
                .isTrue();
    }

    @Test
    void aSinglePictureHasOneCaption() {
        JobFilter single = new JobFilter(null, Kind.SINGLE, null);
        JobFilter several = new JobFilter(null, Kind.SEVERAL, null);
        for (int total = 0; total < 3; total++) {
            Job.Counts counts = new Job.Counts(total, 0, 0, 0, 0, total);
            assertThat(single.matches("x", null, Job.Status.IN_PROGRESS, counts))
                    .isEqualTo(total == 1);
            assertThat(several.matches("x", null, Job.Status.IN_PROGRESS, counts))
                    .isEqualTo(total != 1);
        }
    }

    @Test
    void aTextIsLookedForInIdAndCaptionWhateverTheCase() {
        JobFilter filter = new JobFilter(null, null, "red aP");
        assertThat(filter.matches("x", "A Red Apple", Job.Status.COMPLETED, GOOD)).isTrue();
        assertThat(filter.matches("x", "a pear", Job.Status.COMPLETED, GOOD)).isFalse();
        assertThat(filter.matches("red ap", null, Job.Status.COMPLETED, GOOD)).isTrue();
    }
}
