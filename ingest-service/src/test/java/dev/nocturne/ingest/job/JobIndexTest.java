package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobDeleted;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.runtime.FatalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobIndexTest {

    private static final Instant NOW = Instant.parse("2026-01-01T20:00:00Z");
    private static final String TOPIC = "a-topic";

    @TempDir Path folder;
    private final List<JobIndex> opened = new ArrayList<>();

    private JobIndex open() {
        JobIndex index = JobIndex.in(folder);
        opened.add(index);
        return index;
    }

    private JobIndex begun() {
        JobIndex index = open();
        index.begin(TOPIC, 1_000);
        return index;
    }

    @AfterEach
    void close() {
        opened.forEach(JobIndex::close);
    }

    /** A caption that came by itself and was painted. */
    static JobSummary caption(String id, int second) {
        JobState job = new JobState(id);
        job.add(new JobSubmitted(id, 1, NOW.plusSeconds(second), "a fox"));
        job.add(JobStateTest.completed(id, "a", second + 1), 0, 0);
        job.add(new JobEvent(id, NOW.plusSeconds(second + 2), job.closing()));
        return summary(job);
    }

    /** Made from a file, and closed before it was started. */
    static JobSummary batch(String id, int second, String key) {
        JobCreated created =
                JobCreated.newBuilder(JobStateTest.created("file-1", NOW.plusSeconds(86_400)))
                        .setIdempotencyKey(key)
                        .setRequestDigest("00ff")
                        .build();
        JobState job = new JobState(id);
        job.add(new JobEvent(id, NOW.plusSeconds(second), created));
        job.add(new JobEvent(id, NOW.plusSeconds(second + 2), job.closing()));
        return summary(job);
    }

    static JobSummary deleted(JobSummary before, int second) {
        JobState job = JobSummaries.state(before);
        job.add(new JobEvent(job.id(), NOW.plusSeconds(second), new JobDeleted(true)));
        return summary(job);
    }

    private static JobSummary summary(JobState job) {
        return JobSummaries.of(job, Map.of("jobs-0", 5L), Map.of());
    }

    private static List<String> ids(
            JobIndex index, boolean onlyBatches, boolean oldestFirst, String after, int most) {
        List<String> ids = new ArrayList<>();
        index.scan(
                onlyBatches,
                oldestFirst,
                after,
                summary -> {
                    ids.add(summary.getJobId());
                    return ids.size() < most;
                });
        return ids;
    }

    @Test
    void whatIsPutIsFoundAsItWas() {
        JobIndex index = begun();
        JobSummary caption = caption("caption-1", 1);
        index.put(caption);
        index.put(caption);

        assertThat(index.find("caption-1")).contains(caption);
        assertThat(index.find("caption-2")).isEmpty();
        JobState job = JobSummaries.state(caption);
        assertThat(job.single()).isEqualTo(JobStateTest.completed("caption-1", "a", 2));
        assertThat(job.isOver()).isTrue();
        assertThat(JobSummaries.of(job, Map.of(), Map.of())).isEqualTo(caption);
    }

    @Test
    void jobsComeInTheOrderOfListsPageByPage() {
        JobIndex index = begun();
        index.put(caption("caption-b", 2));
        index.put(batch("batch_1", 1, null));
        index.put(caption("caption-a", 2));
        index.put(batch("batch_2", 3, null));

        assertThat(ids(index, false, false, null, 9))
                .containsExactly("batch_2", "caption-b", "caption-a", "batch_1");
        assertThat(ids(index, false, true, null, 9))
                .containsExactly("batch_1", "caption-a", "caption-b", "batch_2");
        assertThat(ids(index, true, false, null, 9)).containsExactly("batch_2", "batch_1");
        String after = JobIndex.key(NOW.plusSeconds(2), "caption-b");
        assertThat(ids(index, false, false, after, 1)).containsExactly("caption-a");
        assertThat(ids(index, false, true, after, 9)).containsExactly("batch_2");
        assertThat(ids(index, true, false, after, 9)).containsExactly("batch_1");
    }

    @Test
    void aDeletedJobIsInNoListAndKeepsItsKeyUntilItIsForgotten() {
        JobIndex index = begun();
        JobSummary batch = batch("batch_1", 1, "key-1");
        index.put(batch);
        index.put(caption("caption-1", 2));
        index.put(deleted(batch, 60));

        assertThat(ids(index, false, false, null, 9)).containsExactly("caption-1");
        assertThat(ids(index, true, false, null, 9)).isEmpty();
        assertThat(index.find("batch_1").orElseThrow().getDeletedAt())
                .isEqualTo(NOW.plusSeconds(60));
        assertThat(index.find("batch_1").orElseThrow().getEvents()).isEmpty();
        assertThat(index.jobWithKey("key-1")).contains("batch_1");
        assertThat(index.deletedBefore(NOW.plusSeconds(60), 9)).isEmpty();
        assertThat(index.deletedBefore(NOW.plusSeconds(61), 9)).containsExactly("batch_1");

        index.remove("batch_1");
        assertThat(index.find("batch_1")).isEmpty();
        assertThat(index.jobWithKey("key-1")).isEmpty();
        assertThat(index.deletedBefore(NOW.plusSeconds(61), 9)).isEmpty();
        index.put(caption("caption-2", 3));
        index.remove("caption-1");
        index.remove("caption-2");
        assertThat(index.isEmpty()).isTrue();
    }

    @Test
    void theLogNeverBeginsEarlierThanItDid() {
        JobIndex index = begun();
        JobSummary one = caption("caption-1", 1);
        index.put(withLogStart(one, Map.of("jobs-0", 7L, "results-1", 3L)));
        index.put(withLogStart(one, Map.of("jobs-0", 6L, "results-1", 4L)));
        assertThat(index.logStart()).isEqualTo(Map.of("jobs-0", 7L, "results-1", 4L));
    }

    static JobSummary withLogStart(JobSummary summary, Map<String, Long> logStart) {
        return JobSummaries.of(JobSummaries.state(summary), Map.of(), logStart);
    }

    @Test
    void aRestartGoesOnWhereTheLastProcessWas() {
        JobIndex index = open();
        assertThat(index.begin(TOPIC, 1_000)).isZero();
        index.put(caption("caption-1", 1));
        index.readTo(17);
        index.close();

        JobIndex again = open();
        assertThat(again.find("caption-1")).as("before it is begun").isEmpty();
        assertThat(again.begin(TOPIC, 1_000)).isEqualTo(17);
        assertThat(again.find("caption-1")).isPresent();
    }

    @Test
    void ofAnotherTopicNothingIsKept() {
        JobIndex index = begun();
        index.put(caption("caption-1", 1));
        index.readTo(17);

        assertThat(index.begin(TOPIC, 16)).as("a shorter one").isZero();
        assertThat(index.isEmpty()).isTrue();
        index.put(caption("caption-1", 1));
        index.readTo(17);
        assertThat(index.begin("another", 1_000)).isZero();
        assertThat(index.isEmpty()).isTrue();
    }

    @Test
    void aReaderThatIsInterruptedLeavesTheFileOpen() {
        JobIndex index = begun();
        for (int i = 0; i < 1_000; i++) {
            index.put(caption("caption-" + i, i));
        }
        index.readTo(1_000);
        index.close();

        JobIndex again = open();
        assertThat(again.begin(TOPIC, 1_000)).isEqualTo(1_000);
        Thread.currentThread().interrupt();
        assertThat(again.find("caption-500")).isPresent();
        assertThat(Thread.interrupted()).isTrue();
        again.put(caption("caption-1000", 1_000));
        Thread.currentThread().interrupt();
        again.flush();
        Thread.interrupted(); // MVStore's write may have taken it
        assertThat(again.isBroken()).isFalse();
        assertThat(again.find("caption-900")).isPresent();
    }

    @Test
    void aBrokenFileIsBuiltAnew() throws IOException {
        JobIndex index = begun();
        for (int i = 0; i < 1_000; i++) {
            index.put(caption("caption-" + i, i));
        }
        index.readTo(1_000);
        index.close();
        Path file = folder.resolve("finished-jobs-1.mv");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, "no index at all".repeat(bytes.length / 15).getBytes());

        JobIndex again = open();
        assertThat(again.begin(TOPIC, 1_000)).isZero();
        assertThat(again.isEmpty()).isTrue();
        again.put(caption("caption-1", 1));
        assertThat(again.find("caption-1")).isPresent();
    }

    @Test
    void severalProcessesShareAFolder() {
        JobIndex one = begun();
        JobIndex other = begun();
        one.put(caption("caption-1", 1));
        assertThat(other.isEmpty()).isTrue();
    }

    @Test
    void aFolderThatCannotBeMadeIsNamed() throws IOException {
        Files.writeString(folder.resolve("taken"), "");
        JobIndex index = JobIndex.in(folder.resolve("taken"));
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> index.begin(TOPIC, 0))
                .withMessageContaining("taken")
                .withMessageContaining("NOCTURNE_INGEST_STATE_DIR");
    }
}
