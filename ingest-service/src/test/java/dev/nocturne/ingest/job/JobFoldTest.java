package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobDeleted;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.MovableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** What the log adds up to beside the summaries of what is over. */
class JobFoldTest {

    private static final Instant NOW = Instant.parse("2026-01-01T20:00:00Z");
    private static final TopicPartition JOBS = new TopicPartition("jobs", 0);
    private static final TopicPartition EVENTS = new TopicPartition("job-events", 0);
    private static final TopicPartition RESULTS = new TopicPartition("results", 0);
    private static final String ID = "caption-1";

    private final MovableClock clock = new MovableClock();
    private JobTable jobs = table();

    private JobTable table() {
        JobIndex index = JobIndex.inMemory();
        index.begin("topic", 0);
        return new JobTable(clock, index);
    }

    private interface Record {
        void addTo(JobTable jobs);
    }

    private static Record submitted(String id, long offset) {
        JobSubmitted event = new JobSubmitted(id, 1, NOW, "a fox");
        return jobs -> jobs.add(event, new Place(JOBS, offset));
    }

    private static Record result(RequestFinished event, long offset) {
        return jobs -> jobs.add(event, 0, offset);
    }

    private static Record event(String id, Object change, long offset) {
        JobEvent event = new JobEvent(id, NOW.plusSeconds(9), change);
        return jobs -> jobs.add(event, new Place(EVENTS, offset));
    }

    private static Record closed(String id, long offset) {
        JobState job = new JobState(id);
        job.add(new JobSubmitted(id, 1, NOW, "a fox"));
        job.add(JobStateTest.completed(id, "a", 1), 0, 0);
        return event(id, job.closing(), offset);
    }

    private static Record readTo(long offset) {
        return jobs -> jobs.readTo(Map.of(JOBS, offset, EVENTS, offset, RESULTS, offset));
    }

    private void add(Record... records) {
        for (Record record : records) {
            record.addTo(jobs);
        }
    }

    private List<Job> all() {
        return jobs.jobs(NOW, JobFilter.ALL, null, 99).orElseThrow();
    }

    private JobSummary summary(String id) {
        return jobs.summaries(Set.of(id)).get(0);
    }

    private static List<Record> paintedOnce() {
        return List.of(
                submitted(ID, 1), result(JobStateTest.completed(ID, "a", 1), 1), closed(ID, 1));
    }

    @Test
    void whateverTheOrderOfSummaryAndRecordsTheJobIsTheSame() {
        add(paintedOnce().toArray(Record[]::new));
        add(readTo(5));
        assertThat(jobs.over(9, JobState::id)).containsExactly(ID);
        JobSummary summary = summary(ID);
        List<Job> before = all();
        assertThat(before).hasSize(1);
        assertThat(before.get(0).status()).isEqualTo(Job.Status.COMPLETED);

        List<Record> records = new ArrayList<>(paintedOnce());
        records.add(table -> table.add(summary));
        records.addAll(List.copyOf(records)); // everything twice
        records.add(result(JobStateTest.completed(ID, "a", 8), 7)); // and a late result
        for (int i = 0; i < 100; i++) {
            Collections.shuffle(records, new Random(i));
            jobs = table();
            add(records.toArray(Record[]::new));
            assertThat(all()).isEqualTo(before);
            assertThat(jobs.isAnyOver()).isFalse();
            assertThat(jobs.openWork(NOW).jobs()).isZero();
        }
    }

    @Test
    void aJobThatIsOverIsAskedAboutAsBefore() {
        add(paintedOnce().toArray(Record[]::new));
        add(readTo(5));
        jobs.add(summary(ID));

        assertThat(jobs.job(ID, NOW)).isPresent();
        assertThat(jobs.ask(ID, JobState::isTerminal)).contains(true);
        assertThat(jobs.ask(ID, JobState::single)).contains(JobStateTest.completed(ID, "a", 1));
        assertThat(jobs.isKnown(ID)).isTrue();
        assertThat(jobs.isEmpty()).isFalse();
        assertThat(jobs.open(job -> true)).isEmpty();
        jobs.setProblem(ID, "came too late");
        jobs.addInFlight(ID, Map.of(1L, new RequestInFlight(16, NOW)));
        assertThat(jobs.problems()).isEmpty();
        assertThat(jobs.candidatesInFlight()).isZero();
    }

    @Test
    void theLogBeginsWithTheFirstRecordOfAnOpenJob() {
        add(submitted("caption-0", 3), submitted(ID, 4));
        add(result(JobStateTest.completed(ID, "a", 1), 6), closed(ID, 7), readTo(20));

        assertThat(summary(ID).getLogStart())
                .isEqualTo(Map.of("jobs-0", 3L, "job-events-0", 20L, "results-0", 20L));
        add(result(JobStateTest.completed("caption-0", "a", 1), 9));
        assertThat(summary(ID).getLogStart()).containsEntry("results-0", 9L);
        add(closed("caption-0", 12));
        assertThat(jobs.summaries(Set.of(ID, "caption-0")))
                .allSatisfy(
                        summary ->
                                assertThat(summary.getLogStart())
                                        .isEqualTo(
                                                Map.of(
                                                        "jobs-0",
                                                        20L,
                                                        "job-events-0",
                                                        20L,
                                                        "results-0",
                                                        20L)));
    }

    @Test
    void aDeletedJobComesBackUntilItIsPurged() {
        add(paintedOnce().toArray(Record[]::new));
        add(readTo(5));
        jobs.add(summary(ID));
        add(event(ID, new JobDeleted(false), 5), readTo(6));

        assertThat(jobs.deletedAt(ID)).isPresent();
        assertThat(all()).isEmpty();
        assertThat(jobs.deletedJobs()).hasSize(1);
        assertThat(jobs.isAnyOver()).as("something of it is there").isFalse();

        add(event(ID, new JobDeleted(true), 6), readTo(7));
        assertThat(jobs.deletedJobs()).isEmpty();
        JobSummary deleted = summary(ID);
        assertThat(deleted.getResult()).isNull();
        jobs.add(deleted);
        assertThat(jobs.deletedAt(ID)).contains(NOW.plusSeconds(9));
        assertThat(all()).isEmpty();

        add(paintedOnce().toArray(Record[]::new));
        add(event(ID, new JobDeleted(false), 5), event(ID, new JobDeleted(true), 6));
        assertThat(jobs.deletedJobs()).as("read again").isEmpty();
        assertThat(all()).isEmpty();
    }

    @Test
    void aDeletionThatComesBeforeTheSummaryIsReadIsNotLost() {
        add(paintedOnce().toArray(Record[]::new));
        add(readTo(5));
        JobSummary before = summary(ID);
        add(event(ID, new JobDeleted(false), 5));
        jobs.add(before);

        assertThat(jobs.deletedAt(ID)).isPresent();
        assertThat(jobs.deletedJobs()).hasSize(1);
        add(event(ID, new JobDeleted(true), 6), readTo(7));
        jobs.add(summary(ID));
        assertThat(jobs.deletedAt(ID)).isPresent();
        assertThat(jobs.isAnyOver()).isFalse();
    }

    @Test
    void behindADeletionTheSameIdIsANewJob() {
        add(paintedOnce().toArray(Record[]::new));
        add(event(ID, new JobDeleted(true), 6), readTo(7));
        jobs.add(summary(ID));

        add(submitted(ID, 7));
        assertThat(all()).extracting(Job::status).containsExactly(Job.Status.IN_PROGRESS);
        add(result(JobStateTest.failed(ID, "a", 2), 7), closed(ID, 7), readTo(9));
        jobs.add(summary(ID));
        assertThat(all()).hasSize(1);
        assertThat(jobs.deletedAt(ID)).isEmpty();
    }

    /** Whoever sums up has read the new caption by then, or has not: all make the same of it. */
    @Test
    void aCaptionThatComesBeforeTheDeletionIsSummedUpIsANewJob() {
        add(paintedOnce().toArray(Record[]::new));
        add(event(ID, new JobDeleted(true), 6), submitted(ID, 7), readTo(9));
        assertThat(all()).isEmpty();
        JobSummary deleted = summary(ID);
        assertThat(deleted.getDeletedTo()).containsEntry("jobs-0", 7L);
        jobs.add(deleted);
        assertThat(all()).extracting(Job::status).containsExactly(Job.Status.IN_PROGRESS);
    }

    @Test
    void aCaptionThatCameAgainBeforeTheDeletionIsNoNewJob() {
        add(paintedOnce().toArray(Record[]::new));
        add(readTo(3));
        jobs.add(summary(ID));
        add(submitted(ID, 4), event(ID, new JobDeleted(true), 6), readTo(9));
        jobs.add(summary(ID));
        assertThat(all()).isEmpty();
        assertThat(jobs.deletedAt(ID)).isPresent();
    }

    @Test
    void whatOnlyResultsAreKnownOfHoldsTheLogForAWhile() {
        add(result(JobStateTest.completed("caption-x", "a", 1), 2));
        add(paintedOnce().toArray(Record[]::new));
        add(readTo(9));
        assertThat(summary(ID).getLogStart()).containsEntry("results-0", 2L);

        clock.ahead = Duration.ofMinutes(11);
        add(readTo(9));
        assertThat(summary(ID).getLogStart()).containsEntry("results-0", 9L);
        assertThat(jobs.isKnown("caption-x")).isFalse();
    }

    @Test
    void keysOfJobsThatAreOverStay() {
        JobCreated created =
                JobCreated.newBuilder(JobStateTest.created("file-1", NOW.plusSeconds(60)))
                        .setIdempotencyKey("key-1")
                        .setRequestDigest("00ff")
                        .build();
        add(event("batch_1", created, 1), closed("batch_1", 2), readTo(3));
        assertThat(jobs.jobWithKey("key-1")).contains("batch_1");
        jobs.add(summary("batch_1"));
        assertThat(jobs.jobWithKey("key-1")).contains("batch_1");
        assertThat(jobs.ask("batch_1", job -> job.created().getRequestDigest())).contains("00ff");
        assertThat(jobs.batch("batch_1", NOW)).isPresent();
        assertThat(jobs.isFromFile("batch_1")).isTrue();
    }

    @Test
    void pagesGoOverOpenAndFinishedJobs() {
        for (int i = 1; i <= 6; i++) {
            String id = "caption-" + i;
            JobSubmitted event = new JobSubmitted(id, 1, NOW.plusSeconds(i), "a fox");
            jobs.add(event, new Place(JOBS, i));
            if (i % 2 == 0) {
                add(closed(id, i), readTo(i));
                jobs.add(summary(id));
            }
        }
        List<String> paged = new ArrayList<>();
        String after = null;
        for (int page = 0; page < 3; page++) {
            for (Job job : jobs.jobs(NOW, JobFilter.ALL, after, 2).orElseThrow()) {
                paged.add(job.id());
                after = job.id();
            }
        }
        assertThat(paged)
                .isEqualTo(IntStream.of(6, 5, 4, 3, 2, 1).mapToObj(i -> "caption-" + i).toList());
        JobFilter done = new JobFilter(JobFilter.State.DONE, null, "fox");
        assertThat(jobs.jobs(NOW, done, "caption-5", 9).orElseThrow())
                .extracting(Job::id)
                .containsExactly("caption-4", "caption-2");
        assertThat(jobs.jobs(NOW, done, "caption-9", 9)).isEmpty();
    }
}
