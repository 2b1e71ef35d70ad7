package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicSizesTest {

    @Test
    void leftOutTheyAreThoseOfTheCatalogueAndOfTheBrokers() {
        TopicSizes sizes = TopicSizes.parse(null, null, null, null);
        assertThat(sizes)
                .isEqualTo(
                        new TopicSizes(
                                6, OptionalInt.empty(), OptionalInt.empty(), Duration.ofDays(7)));
        assertThat(Topics.ALL)
                .allSatisfy(
                        topic -> {
                            assertThat(sizes.partitions(topic)).isEqualTo(topic.partitions());
                            assertThat(sizes.config(topic)).isEqualTo(topic.config());
                        });
    }

    @Test
    void whatAStageReadsHasTheInstallationsSizes() {
        TopicSizes sizes = TopicSizes.parse("24", "3", "2", "36h");
        assertThat(sizes.partitions(Topics.SCORED_GRIDS)).isEqualTo(24);
        assertThat(sizes.config(Topics.SCORED_GRIDS))
                .containsEntry("retention.ms", "129600000")
                .containsEntry("segment.ms", "129600000")
                .containsEntry("min.insync.replicas", "2");
        assertThat(sizes.config(Topics.DEAD_LETTERS)).containsEntry("retention.ms", "129600000");
    }

    @Test
    void whatIsInOnePartitionOrKeptOtherwiseStaysSo() {
        TopicSizes sizes = TopicSizes.parse("24", null, null, "36h");
        assertThat(sizes.partitions(Topics.JOB_EVENTS)).isEqualTo(1);
        assertThat(sizes.config(Topics.RESULTS)).isEqualTo(Topics.RESULTS.config());
        assertThat(sizes.config(Topics.PARTIAL_GRIDS)).isEqualTo(Topics.PARTIAL_GRIDS.config());
    }

    @ParameterizedTest
    @CsvSource({
        "0,,,, 'NOCTURNE_KAFKA_PARTITIONS is ''0'': must be a number, 1 to 10000'",
        "six,,,, 'NOCTURNE_KAFKA_PARTITIONS is ''six'': must be a number, 1 to 10000'",
        "10001,,,, 'NOCTURNE_KAFKA_PARTITIONS is ''10001'': must be a number, 1 to 10000'",
        ",101,,, 'NOCTURNE_KAFKA_REPLICATION is ''101'': must be a number, 1 to 100'",
        ",3,4,, 'NOCTURNE_KAFKA_MIN_INSYNC_REPLICAS is ''4'': must be at most NOCTURNE_KAFKA_REPLICATION, or nothing can be written'",
        ",,1,, 'NOCTURNE_KAFKA_MIN_INSYNC_REPLICAS is ''1'': must be at most NOCTURNE_KAFKA_REPLICATION, or nothing can be written'",
        ",,,59m, 'NOCTURNE_KAFKA_RETENTION is ''59m'': must be days, hours or minutes, as 7d, and an hour or more'",
        ",,,off, 'NOCTURNE_KAFKA_RETENTION is ''off'': must be days, hours or minutes, as 7d, and an hour or more'",
    })
    void aWrongOneIsNamed(
            String partitions,
            String replication,
            String insync,
            String retention,
            String message) {
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> TopicSizes.parse(partitions, replication, insync, retention))
                .withMessage(message);
    }
}
