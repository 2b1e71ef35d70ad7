package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TopicsTest {

    @Test
    void everyTopicOnTheWayOfARequestIsThereInBothLanes() {
        assertThat(Topics.ALL)
                .extracting(Topic::name)
                .containsExactlyInAnyOrder(
                        "jobs",
                        "job-events",
                        "job-summaries",
                        "deployments",
                        "captions",
                        "captions.interactive",
                        "captions.json",
                        "generation-tasks",
                        "generation-tasks.interactive",
                        "token-grids",
                        "token-grids.interactive",
                        "scored-grids",
                        "scored-grids.interactive",
                        "selections",
                        "selections.interactive",
                        "results",
                        "results.json",
                        "partial-grids",
                        "partial-images",
                        "dead-letters",
                        "ingest-leader");
    }

    @Test
    void bothLanesAreAlike() {
        Topic<?> interactive = Topics.SELECTIONS.in(Lane.INTERACTIVE);
        assertThat(interactive.record()).isEqualTo(Topics.SELECTIONS.record());
        assertThat(interactive.partitions()).isEqualTo(Topics.SELECTIONS.partitions());
        assertThat(interactive.config()).isEqualTo(Topics.SELECTIONS.config());
        assertThat(Topics.SELECTIONS.in(Lane.BULK)).isEqualTo(Topics.SELECTIONS);
    }

    /** A broker deletes whole segments, and a segment is open for a week by default. */
    @Test
    void whatIsKeptForMinutesIsInSegmentsOfMinutes() {
        assertThat(Topics.PARTIAL_GRIDS.config())
                .containsEntry("retention.ms", "600000")
                .containsEntry("segment.ms", "600000");
        assertThat(Topics.CAPTIONS.config()).doesNotContainKey("segment.ms");
        assertThat(Topics.RESULTS.config()).doesNotContainKey("segment.ms");
    }

    @Test
    void ofSummariesTheLastOfEachJobIsKept() {
        assertThat(Topics.JOB_SUMMARIES.config())
                .containsEntry("cleanup.policy", "compact")
                .containsEntry("segment.bytes", "4194304")
                .containsEntry("retention.ms", "-1");
        assertThat(Topics.JOBS.config()).containsEntry("cleanup.policy", "delete");
    }

    @Test
    void aTopicWithoutLanesIsTheSameForBoth() {
        assertThat(Topics.RESULTS.in(Lane.INTERACTIVE)).isEqualTo(Topics.RESULTS);
        assertThat(Topics.RESULTS.lanes()).hasSize(1);
        assertThat(Topics.CAPTIONS.lanes())
                .extracting(Topic::name)
                .containsExactly("captions.interactive", "captions");
    }

    /** Or captions of a producer whose clock is wrong are deleted before anybody has read them. */
    @Test
    void whatIsDeletedByItsAgeIsDatedByTheBroker() {
        assertThat(Topics.ALL)
                .filteredOn(topic -> topic.retention().isPresent())
                .isNotEmpty()
                .allSatisfy(
                        topic ->
                                assertThat(topic.config())
                                        .containsEntry("message.timestamp.type", "LogAppendTime"));
    }
}
