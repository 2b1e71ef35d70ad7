package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.events.JobDeleted;
import dev.nocturne.events.JobEvent;
import dev.nocturne.ingest.IngestException;
import java.time.Clock;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class BacklogTest {

    private final JobTable jobs = new JobTable(Clock.systemUTC());
    private final Backlog backlog = new Backlog(jobs, 10);

    @Test
    void aDeletedPictureNoLongerCounts() {
        backlog.addPicture("caption-a", 10);
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(() -> backlog.addPicture("caption-b", 1));

        delete("caption-a");

        assertThatCode(() -> backlog.addPicture("caption-b", 10)).doesNotThrowAnyException();
    }

    @Test
    void aJobThatIsDeletedBeforeItsStartNoLongerCounts() {
        backlog.admitJob("job-a", 10, () -> {});
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(() -> backlog.admitJob("job-b", 1, () -> {}));

        delete("job-a");

        assertThatCode(() -> backlog.admitJob("job-b", 10, () -> {})).doesNotThrowAnyException();
    }

    private void delete(String jobId) {
        jobs.add(new JobEvent(jobId, Instant.now(), new JobDeleted(false)));
    }
}
