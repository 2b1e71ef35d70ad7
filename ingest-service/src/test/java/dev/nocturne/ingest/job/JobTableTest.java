package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobDeleted;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobReleased;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.Replay;
import dev.nocturne.ingest.RequestNumber;
import dev.nocturne.schemas.Ids;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JobTableTest {

    private static final String JOB = "job-1";
    private static final Instant NOW = Instant.parse("2026-01-01T20:00:10Z");

    private final JobTable jobs = new JobTable(Clock.fixed(NOW, ZoneOffset.UTC));

    private void submit(int total) {
        jobs.add(JobStateTest.submitted(JOB, total));
        jobs.add(new JobEvent(JOB, NOW, new JobReleased(total, 0, 0L)));
    }

    private void release(String customId, Instant since) {
        long request = RequestNumber.of(Ids.requestId(JOB, customId));
        jobs.addInFlight(JOB, Map.of(request, new RequestInFlight(16, since)));
    }

    @Test
    void onlyWhatWasDrawnSaysHowFastDrawingIs() {
        submit(3);
        release("a", NOW);
        release("b", NOW);
        release("c", null);
        assertThat(jobs.isDrawing()).isTrue();
        jobs.throughput().tick(NOW, true);
        jobs.throughput().tick(NOW.plusSeconds(2), true);

        jobs.add(JobStateTest.failed(JOB, "b", 1), 0, 0);
        jobs.add(JobStateTest.completed(JOB, "c", 1), 0, 1);
        assertThat(jobs.throughput().rates()).isNull();

        jobs.add(JobStateTest.completed(JOB, "a", 2), 0, 2);
        assertThat(jobs.throughput().rates()).isNotNull();
        assertThat(jobs.isDrawing()).isFalse();
    }

    /** Of four requests with 64 candidates, by one that does not lead. */
    @Test
    void whoReleasesNothingKnowsFromTheLogHowFastDrawingIs() {
        jobs.add(JobStateTest.submitted(JOB, 4));
        jobs.add(new JobEvent(JOB, NOW, new JobReleased(0, 4, 64L)));
        jobs.add(new JobEvent(JOB, NOW, new JobReleased(4, 0, 0L)));
        jobs.add(JobStateTest.completed(JOB, "a", 1), 0, 0); // before it read the log
        assertThat(estimate(0)).isNull();
        assertThat(estimate(2)).as("nothing is measured").isNull();

        jobs.add(JobStateTest.completed(JOB, "b", 8), 0, 1);
        jobs.add(JobStateTest.completed(JOB, "b", 9), 0, 2);

        assertThat(jobs.isDrawing()).isTrue();
        FinishEstimate estimate = estimate(4);
        assertThat(estimate.earliest())
                .as("32 candidates, three times as fast")
                .isEqualTo(at(6, 667));
        assertThat(estimate.latest()).as("a third as fast").isEqualTo(at(28, 0));
    }

    private FinishEstimate estimate(int second) {
        return jobs.job(JOB, NOW.plusSeconds(second)).orElseThrow().estimatedFinish();
    }

    private static Instant at(int second, int millis) {
        return NOW.plusSeconds(second).plusMillis(millis);
    }

    @Test
    void whoListensIsToldOfEveryChange() {
        List<String> changed = new ArrayList<>();
        Runnable end = jobs.onChange(changed::add);

        submit(2);
        assertThat(changed).as("submitted, and released").containsExactly(JOB, JOB);
        jobs.add(JobStateTest.completed(JOB, "a", 1), 0, 0);
        assertThat(changed).hasSize(3);
        jobs.recount(JOB, Map.of(), Set.of());
        assertThat(changed).hasSize(4);
        jobs.setProblem(JOB, "the store is away");
        assertThat(changed).as("what the listener says itself").hasSize(4);

        end.run();
        jobs.add(JobStateTest.completed(JOB, "b", 1), 0, 1);
        assertThat(changed).hasSize(4);
    }

    /** The log has lost the first result, and the request was sent again. */
    @Test
    void aResultThatIsGoneFromTheLogIsReadWhereItStandsNow() {
        submit(2);
        jobs.add(JobStateTest.completed(JOB, "a", 1), 0, 0);
        jobs.recount(JOB, Map.of(), Set.of());
        jobs.add(JobStateTest.completed(JOB, "a", 2), 0, 7);

        assertThat(jobs.ask(JOB, job -> job.results().latestFirst()).orElseThrow())
                .extracting(ResultIndex.Place::offset)
                .containsExactly(7L);
    }

    @Test
    void aPageBeginsBehindAJobThatFitsNoMore() {
        for (int i = 1; i <= 4; i++) {
            jobs.add(new JobSubmitted("job-" + i, 1, NOW.plusSeconds(i), "a fox, number " + i));
        }
        jobs.add(JobStateTest.failed("job-3", "a", 1), 0, 0);
        JobFilter failed = new JobFilter(JobFilter.State.FAILED, null, null);
        JobFilter foxes = new JobFilter(null, null, "FOX");

        assertThat(ids(failed, null)).containsExactly("job-3");
        assertThat(ids(failed, "job-4")).containsExactly("job-3");
        assertThat(ids(failed, "job-2")).isEmpty();
        assertThat(ids(foxes, "job-3")).containsExactly("job-2", "job-1");
        jobs.add(new JobEvent("job-3", NOW, new JobDeleted(false)));
        assertThat(ids(foxes, "job-3")).containsExactly("job-2", "job-1");
        assertThat(jobs.jobs(NOW, foxes, "job-9", 2)).isEmpty();
    }

    private List<String> ids(JobFilter filter, String after) {
        return jobs.jobs(NOW, filter, after, 2).orElseThrow().stream().map(Job::id).toList();
    }

    @Test
    void aRerankIsInFlightWithoutBeingDrawn() {
        JobCreated created =
                JobCreated.newBuilder()
                        .setInputFileId("file-1")
                        .setSkipInvalid(false)
                        .setCompletionWindow("7d")
                        .setExpiresAt(NOW.plusSeconds(86_400))
                        .setMetadata(Map.of())
                        .setApiUrl("http://localhost/")
                        .setReplay(new Replay("job-0", 2, false))
                        .build();
        jobs.add(new JobEvent(JOB, NOW, created));
        submit(1);
        release("a", null);

        assertThat(jobs.candidatesInFlight()).isEqualTo(16);
        assertThat(jobs.isDrawing()).isFalse();
    }
}
